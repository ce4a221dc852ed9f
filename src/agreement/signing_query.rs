//! From a draft to the version in force, in the database, and who has read it.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::kernel::ids::UserId;
use crate::kernel::people::Department;

/// What a manager says when they propose.
pub struct ProposalWrite<'a> {
    pub number: i32,
    pub note: &'a str,
    /// None: as soon as both have signed.
    pub effective_from: Option<DateTime<Utc>>,
    pub review_on: Option<NaiveDate>,
    pub back_test_id: Option<Uuid>,
    pub by: UserId,
}

/// Proposes a draft. The caller holds it.
pub async fn propose(
    conn: &mut PgConnection,
    write: &ProposalWrite<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update agreement_versions set state = 'proposed', note = $2, effective_from = $3, review_on = $4, back_test_id = $5, proposed_by = $6, proposed_at = $7
         where number = $1 and state = 'draft'",
        write.number,
        write.note,
        write.effective_from,
        write.review_on,
        write.back_test_id,
        write.by.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes a version a draft again and takes its signatures off.
pub async fn back_to_draft(conn: &mut PgConnection, number: i32) -> sqlx::Result<()> {
    sqlx::query!("delete from agreement_signatures where version = $1", number).execute(&mut *conn).await?;
    sqlx::query!(
        "update agreement_versions set state = 'draft', proposed_by = null, proposed_at = null, back_test_id = null
         where number = $1 and state in ('proposed', 'signed')",
        number
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that both departments have signed.
pub async fn mark_signed(conn: &mut PgConnection, number: i32) -> sqlx::Result<()> {
    sqlx::query!(
        "update agreement_versions set state = 'signed' where number = $1 and state = 'proposed'",
        number
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The signed version whose day has not come.
pub async fn waiting(conn: &mut PgConnection) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!("select number from agreement_versions where state = 'signed'")
        .fetch_optional(conn)
        .await
}

/// The signed version whose time has come; others who ask for it wait until the transaction ends.
pub async fn lock_due(conn: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<Option<i32>> {
    sqlx::query_scalar!(
        "select number from agreement_versions where state = 'signed' and coalesce(effective_from, $1) <= $1 for update",
        now
    )
    .fetch_optional(conn)
    .await
}

/// Supersedes the version in force by a signed one. Who signed it has read it.
pub async fn come_into_force(conn: &mut PgConnection, number: i32, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update agreement_versions set state = 'superseded' where state = 'in_force'")
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "update agreement_versions set state = 'in_force', effective_from = $2 where number = $1 and state = 'signed'",
        number,
        now
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into agreement_acknowledgements (version, user_id, at)
         select version, user_id, signed_at from agreement_signatures where version = $1 on conflict do nothing",
        number
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The last finished back-test of a draft as it is now.
pub async fn back_test_of(
    conn: &mut PgConnection,
    number: i32,
    revision: i64,
) -> sqlx::Result<Option<(Uuid, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"select id, coalesce(finished_at, created_at) as "at!" from back_tests
           where version = $1 and draft_revision = $2 and state = 'done' order by 2 desc limit 1"#,
        number,
        revision
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.id, row.at)))
}

/// Something that happened to a version.
pub struct Happening {
    pub at: DateTime<Utc>,
    pub actor: String,
    pub verb: String,
    pub detail: Value,
}

/// What happened to a version on its way, the latest first. Single changes of a draft are left out.
pub async fn history(conn: &mut PgConnection, number: i32) -> sqlx::Result<Vec<Happening>> {
    sqlx::query_as!(
        Happening,
        "select at, actor_name as actor, verb, detail from audit_entries
         where subject_id = '00000000-0000-0000-0000-000000000000' and subject_kind = 'agreement' and version = $1
             and verb in ('draft_begun', 'proposed', 'signed', 'sent_back', 'withdrawn', 'came_into_force')
         order by at desc, id desc",
        number
    )
    .fetch_all(conn)
    .await
}

/// Notes that a person has read and accepted a version.
pub async fn acknowledge(
    conn: &mut PgConnection,
    version: i32,
    user: UserId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into agreement_acknowledgements (version, user_id, at) values ($1, $2, $3) on conflict do nothing",
        version,
        user.0,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What the version in force asks of a person.
#[derive(Debug, Clone)]
pub struct Asked {
    pub number: i32,
    /// Whether they have neither signed nor acknowledged it.
    pub is_unread: bool,
    pub review_on: Option<NaiveDate>,
}

/// What the version in force asks of a person.
pub async fn asked(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<Asked>> {
    sqlx::query_as!(
        Asked,
        r#"select v.number, v.review_on,
               not exists (select 1 from agreement_acknowledgements a where a.version = v.number and a.user_id = $1)
                   and not exists (select 1 from agreement_signatures s where s.version = v.number and s.user_id = $1) as "is_unread!"
           from agreement_versions v where v.state = 'in_force'"#,
        user.0
    )
    .fetch_optional(conn)
    .await
}

/// Somebody who is asked to acknowledge.
pub struct Reader {
    pub name: String,
    pub department: Department,
    /// When they acknowledged or signed.
    pub at: Option<DateTime<Utc>>,
}

/// Everybody active, by department and name, with when they acknowledged or signed a version.
pub async fn readers(conn: &mut PgConnection, version: i32) -> sqlx::Result<Vec<Reader>> {
    sqlx::query_as!(
        Reader,
        r#"select u.name, u.department as "department: Department", least(a.at, s.signed_at) as at
           from users u
           left join agreement_acknowledgements a on a.version = $1 and a.user_id = u.id
           left join agreement_signatures s on s.version = $1 and s.user_id = u.id
           where u.active order by u.department, lower(u.name), u.id"#,
        version
    )
    .fetch_all(conn)
    .await
}
