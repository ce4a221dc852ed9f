//! The list of imports, a new one, and one import from its preview to its end.

use askama::Template;
use askama_web::WebTemplate;
use axum::body::Body;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use chrono::DateTime;
use serde::Deserialize;

use super::map::Kind;
use super::model::{self, Import};
use super::preview::Preview;
use super::problem::Refusal;
use super::upload::{self, UploadForm};
use super::{actions, jobs, queries, refusals};
use crate::app::App;
use crate::auth::{Access, User};
use crate::error::{AppError, AppResult};
use crate::kernel::fields::FieldErrors;
use crate::kernel::ids::ImportId;
use crate::kernel::page::{Cursor, PAGE_SIZE};
use crate::web::flash::FlashKind;
use crate::web::{Flashes, Layout, Routes};

/// Refusals that the page of an import shows; the file of refusals has all.
const REFUSALS_SHOWN: i64 = 20;

pub fn pages() -> Routes {
    Routes::new()
        .get("/imports", Access::Marketing, list)
        .get("/imports/new", Access::Marketing, show_new)
        .post("/imports", Access::Marketing, create)
        .get("/imports/{id}", Access::Marketing, show)
        .post("/imports/{id}/map", Access::Marketing, save_map)
        .post("/imports/{id}/trial", Access::Marketing, try_out)
        .post("/imports/{id}/start", Access::Marketing, start)
        .post("/imports/{id}/remove", Access::Marketing, remove)
        .get("/imports/{id}/refusals.csv", Access::Marketing, refusals_csv)
}

#[derive(Template, WebTemplate)]
#[template(path = "transfer/imports.html")]
struct ImportsPage {
    layout: Layout,
    imports: Vec<Import>,
    first: Option<String>,
    next: Option<String>,
    /// Topics of the imports that are at work.
    topics: String,
    here: String,
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<String>,
}

async fn list(
    State(app): State<App>,
    Query(query): Query<ListQuery>,
    layout: Layout,
) -> AppResult<ImportsPage> {
    let place = |text: &str| {
        let cursor: Cursor = text.parse()?;
        let at = cursor.key.parse().ok().and_then(DateTime::from_timestamp_micros);
        at.map(|at| (at, cursor.id)).ok_or_else(|| format!("“{text}” is not a place in the list of imports"))
    };
    let after = query.after.as_deref().map(place).transpose().map_err(AppError::BadRequest)?;
    let mut imports = queries::list(&mut *app.db.acquire().await?, after, PAGE_SIZE + 1).await?;
    let has_more = imports.len() as i64 > PAGE_SIZE;
    imports.truncate(PAGE_SIZE as usize);
    let address = |import: &Import| {
        let cursor = Cursor { key: import.created_at.timestamp_micros().to_string(), id: import.id.0 };
        format!("/imports{}", crate::web::forms::query(&[("after", &cursor.to_string())]))
    };
    let topics: Vec<String> =
        imports.iter().filter(|import| import.is_at_work()).map(|import| jobs::topic(import.id)).collect();
    Ok(ImportsPage {
        next: imports.last().filter(|_| has_more).map(address),
        first: query.after.as_ref().map(|_| "/imports".to_owned()),
        here: format!(
            "/imports{}",
            crate::web::forms::query(&[("after", query.after.as_deref().unwrap_or_default())])
        ),
        topics: crate::web::forms::encode(&topics.join(" ")),
        layout,
        imports,
    })
}

#[derive(Template, WebTemplate)]
#[template(path = "transfer/new.html")]
struct NewPage {
    layout: Layout,
    form: UploadForm,
    kinds: Vec<(&'static str, &'static str)>,
    most_mb: u32,
    errors: FieldErrors,
}

impl NewPage {
    fn of(app: &App, layout: Layout, form: UploadForm, errors: FieldErrors) -> NewPage {
        let kinds = Kind::ALL.into_iter().map(|kind| (kind.key(), kind.label())).collect();
        NewPage { layout, form, kinds, most_mb: app.config.max_upload_mb, errors }
    }
}

async fn show_new(State(app): State<App>, layout: Layout) -> NewPage {
    NewPage::of(&app, layout, UploadForm::default(), FieldErrors::default())
}

async fn create(
    State(app): State<App>,
    me: User,
    layout: Layout,
    multipart: Multipart,
) -> AppResult<Response> {
    match upload::receive(&app, &me, multipart).await? {
        Ok(import) => Ok(Redirect::to(&format!("/imports/{import}")).into_response()),
        Err((form, errors)) => {
            Ok((StatusCode::UNPROCESSABLE_ENTITY, NewPage::of(&app, layout, form, errors)).into_response())
        }
    }
}

#[derive(Template, WebTemplate)]
#[template(path = "transfer/import.html")]
struct ImportPage {
    layout: Layout,
    import: Import,
    topic: String,
    /// While it can still be started.
    preview: Option<Preview>,
    errors: FieldErrors,
    refusals: Vec<Refusal>,
}

impl ImportPage {
    async fn of(app: &App, layout: Layout, import: Import) -> AppResult<ImportPage> {
        let preview = if import.can_start() { Some(actions::look(app, &import).await?) } else { None };
        let rows =
            queries::refusals(&mut *app.db.acquire().await?, import.id, (0, 0), REFUSALS_SHOWN).await?;
        let refusals = rows.into_iter().map(|(refusal, _)| refusal).collect();
        Ok(ImportPage {
            layout,
            topic: jobs::topic(import.id),
            import,
            preview,
            errors: FieldErrors::default(),
            refusals,
        })
    }
}

async fn show(State(app): State<App>, Path(id): Path<ImportId>, layout: Layout) -> AppResult<ImportPage> {
    let import = actions::find(&app, id).await?;
    ImportPage::of(&app, layout, import).await
}

#[derive(Deserialize)]
struct MapForm {
    #[serde(default)]
    map: String,
}

async fn save_map(
    State(app): State<App>,
    Path(id): Path<ImportId>,
    Form(form): Form<MapForm>,
) -> AppResult<Redirect> {
    actions::save_map(&app, id, &form.map).await?;
    Ok(Redirect::to(&format!("/imports/{id}")))
}

async fn try_out(
    State(app): State<App>,
    Path(id): Path<ImportId>,
    layout: Layout,
    Form(form): Form<MapForm>,
) -> AppResult<Response> {
    begin(&app, id, layout, &form.map, true).await
}

async fn start(
    State(app): State<App>,
    Path(id): Path<ImportId>,
    layout: Layout,
    Form(form): Form<MapForm>,
) -> AppResult<Response> {
    begin(&app, id, layout, &form.map, false).await
}

async fn begin(app: &App, id: ImportId, layout: Layout, map: &str, dry_run: bool) -> AppResult<Response> {
    actions::save_map(app, id, map).await?;
    if actions::start(app, id, dry_run).await?.is_ok() {
        return Ok(Redirect::to(&format!("/imports/{id}")).into_response());
    }
    let import = actions::find(app, id).await?;
    let mut page = ImportPage::of(app, layout, import).await?;
    page.errors
        .add("map", "The map does not fit the file yet. Correct what is listed above; nothing was started.");
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

async fn remove(State(app): State<App>, Path(id): Path<ImportId>, flashes: Flashes) -> AppResult<Redirect> {
    let import = actions::find(&app, id).await?;
    actions::remove(&app, id).await?;
    flashes.add(
        FlashKind::Success,
        format!("The upload {} was removed. Nothing of it was kept.", import.file_name),
    );
    Ok(Redirect::to("/imports"))
}

async fn refusals_csv(State(app): State<App>, Path(id): Path<ImportId>) -> AppResult<Response> {
    let import = actions::find(&app, id).await?;
    let name = format!("attachment; filename=\"refused-{}.csv\"", import.id);
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, Body::from_stream(refusals::stream(app.db.clone(), id))).into_response())
}

impl Kind {
    fn label(self) -> &'static str {
        match self {
            Kind::Leads => "Leads: each row is a person",
            Kind::Events => "Events: each row is something that a known lead did",
        }
    }
}

impl Import {
    /// Tone and words of where it stands.
    fn badge(&self) -> (&'static str, &'static str) {
        match (self.state, self.dry_run) {
            (model::State::Draft, _) => ("neutral", "not started"),
            (model::State::Waiting, _) => ("blue", "waiting"),
            (model::State::Running, true) => ("blue", "trying out"),
            (model::State::Running, false) => ("blue", "running"),
            (model::State::Done, true) => ("violet", "tried out"),
            (model::State::Done, false) if self.tally.refused > 0 => ("amber", "done, some refused"),
            (model::State::Done, false) => ("green", "done"),
            (model::State::Failed, _) => ("red", "stopped"),
        }
    }

    /// What is said of what stays, or of what a trial found.
    fn word(&self, kept: &'static str, trial: &'static str) -> &'static str {
        if self.dry_run { trial } else { kept }
    }

    /// From start to end, such as “12 s, 350 rows/s”.
    fn pace(&self) -> Option<String> {
        let seconds = (self.finished_at? - self.started_at?).as_seconds_f64().max(0.001);
        Some(format!("{seconds:.1} s, {:.0} rows/s", self.tally.rows as f64 / seconds))
    }

    fn percent(&self) -> i64 {
        (self.tally.bytes * 100 / self.bytes_total.max(1)).clamp(0, 100)
    }

    fn size(&self) -> String {
        match self.bytes_total {
            bytes @ ..1_000 => format!("{bytes} bytes"),
            bytes @ 1_000..1_000_000 => format!("{} kB", bytes / 1_000),
            bytes => format!("{:.1} MB", bytes as f64 / 1e6),
        }
    }
}
