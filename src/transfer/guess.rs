//! A map guessed from the names of the columns, as the exports of the common systems write them.

use super::map::Kind;

/// A field, and the column names that it goes by: lower case, letters and digits only, the best first.
type Known = (&'static str, &'static [&'static str]);

const LEAD: &[Known] = &[
    (
        "email",
        &[
            "email",
            "emailaddress",
            "mail",
            "workemail",
            "businessemail",
            "primaryemail",
            "leademail",
            "contactemail",
        ],
    ),
    (
        "phone",
        &[
            "phone",
            "phonenumber",
            "businessphone",
            "workphone",
            "telephone",
            "mobile",
            "mobilephone",
            "mobilephonenumber",
        ],
    ),
    ("title", &["title", "jobtitle", "position", "role"]),
    ("seniority", &["seniority", "joblevel"]),
    (
        "company",
        &["company", "companyname", "accountname", "organization", "organisation", "account", "employer"],
    ),
    (
        "domain",
        &[
            "domain",
            "companydomain",
            "companydomainname",
            "associatedcompanydomain",
            "website",
            "websiteurl",
            "companywebsite",
        ],
    ),
    ("industry", &["industry", "sector"]),
    ("employees", &["employees", "numberofemployees", "noofemployees", "numemployees", "companysize"]),
    ("country", &["country", "countryregion", "mailingcountry", "billingcountry"]),
    ("city", &["city", "mailingcity", "billingcity", "town"]),
    ("source", &["leadsource", "source", "originalsource"]),
    ("external_id", &["id", "leadid", "contactid", "recordid", "prospectid", "externalid", "18digitid"]),
    ("created_at", &["createddate", "createdate", "createdtime", "createdat", "created", "datecreated"]),
    ("campaign", &["campaign", "campaignname", "leadcampaign"]),
];
const FULL_NAME: &[&str] = &["name", "fullname", "leadname", "contactname"];
const FIRST_NAME: &[&str] = &["firstname", "givenname", "forename"];
const LAST_NAME: &[&str] = &["lastname", "surname", "familyname"];
const OPTED_OUT: &[&str] = &[
    "emailoptout",
    "hasoptedoutofemail",
    "donotemail",
    "unsubscribedfromallemail",
    "optedout",
    "optout",
    "unsubscribed",
];
const FIRST_TOUCH: &[Known] = &[
    ("source", &["utmsource"]),
    ("medium", &["utmmedium"]),
    ("campaign", &["utmcampaign"]),
    ("term", &["utmterm"]),
    ("content", &["utmcontent"]),
    ("id", &["utmid"]),
];
const EVENT_LEAD: &[Known] = &[
    ("email", &["email", "emailaddress", "leademail", "contactemail", "associatedcontactemail", "useremail"]),
    ("external_id", &["leadid", "contactid", "prospectid", "personid", "userid", "externalid"]),
    ("phone", &["phone", "phonenumber", "mobile"]),
];
const EVENT_KIND: &[&str] =
    &["event", "eventtype", "eventname", "kind", "type", "activitytype", "activity", "action"];
const EVENT_TIME: &[&str] = &[
    "occurredat",
    "timestamp",
    "time",
    "date",
    "eventdate",
    "eventtime",
    "activitydate",
    "createdat",
    "createddate",
    "createdate",
    "createdtime",
];
const EVENT_KEY: &[&str] = &["eventid", "activityid", "id", "messageid", "uuid"];

/// A map in TOML. What could not be guessed stands there to be filled in.
pub fn map(kind: Kind, columns: &[String], may_contact: Option<bool>) -> String {
    match kind {
        Kind::Leads => lead_map(columns, may_contact),
        Kind::Events => event_map(columns),
    }
}

fn lead_map(columns: &[String], may_contact: Option<bool>) -> String {
    let mut lines =
        vec!["# Guessed from the names of the columns. Look it over.".to_owned(), "[lead]".to_owned()];
    match (find(columns, FULL_NAME), find(columns, FIRST_NAME), find(columns, LAST_NAME)) {
        (Some(name), ..) | (None, Some(name), None) | (None, None, Some(name)) => {
            lines.push(format!("name = {}", quoted(name)))
        }
        (None, Some(first), Some(last)) => {
            lines.push(format!("name = {{ columns = [{}, {}] }}", quoted(first), quoted(last)))
        }
        (None, None, None) => {}
    }
    for (field, names) in LEAD {
        let Some(column) = find(columns, names) else { continue };
        lines.push(match *field {
            // One mistyped number or size must not keep a person out.
            "phone" | "domain" | "employees" => {
                format!("{field} = {{ column = {}, invalid = \"leave_out\" }}", quoted(column))
            }
            _ => format!("{field} = {}", quoted(column)),
        });
    }
    lines.extend(["".to_owned(), "[lead.consent]".to_owned()]);
    match (find(columns, OPTED_OUT), may_contact) {
        (Some(column), choice) => lines.push(format!(
            "may_contact = {{ column = {}, values = {{ yes = false, true = false, 1 = false, no = true, false = true, 0 = true }}, otherwise = {} }}",
            quoted(column),
            choice.unwrap_or(false)
        )),
        (None, Some(choice)) => lines.push(format!("may_contact = {{ value = {choice} }}")),
        (None, None) => lines.push("# may_contact = { value = true }".to_owned()),
    }
    let touches: Vec<String> = FIRST_TOUCH
        .iter()
        .filter_map(|(field, names)| Some(format!("{field} = {}", quoted(find(columns, names)?))))
        .collect();
    if !touches.is_empty() {
        lines.extend(["".to_owned(), "[lead.first_touch]".to_owned()]);
        lines.extend(touches);
    }
    lines.join("\n") + "\n"
}

fn event_map(columns: &[String]) -> String {
    let column = |names| find(columns, names).map_or("\"?\"".to_owned(), quoted);
    let mut lines = vec![
        "# Guessed from the names of the columns. Look it over; replace each “?” with the name of a column."
            .to_owned(),
        "[event]".to_owned(),
        "# Kinds are words such as page_view or demo_request; translate others with".to_owned(),
        "# kind = { column = \"…\", values = { \"Demo requested\" = \"demo_request\" } }".to_owned(),
        format!("kind = {}", column(EVENT_KIND)),
        format!("occurred_at = {}", column(EVENT_TIME)),
    ];
    lines.extend(find(columns, EVENT_KEY).map(|key| format!("key = {}", quoted(key))));
    lines.extend(["".to_owned(), "[event.lead]".to_owned()]);
    let leads: Vec<String> = EVENT_LEAD
        .iter()
        .filter_map(|(field, names)| Some(format!("{field} = {}", quoted(find(columns, names)?))))
        .collect();
    if leads.is_empty() {
        lines.push("email = \"?\"".to_owned());
    }
    lines.extend(leads);
    lines.join("\n") + "\n"
}

/// The first name that a column bears.
fn find<'a>(columns: &'a [String], names: &[&str]) -> Option<&'a str> {
    let plain =
        |column: &str| column.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    names.iter().find_map(|name| columns.iter().find(|column| plain(column) == *name)).map(String::as_str)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::map::ImportMap;
    use super::super::plan::Plan;
    use super::*;

    fn bound(kind: Kind, columns: &str, may_contact: Option<bool>) -> Result<ImportMap, String> {
        let columns: Vec<String> = columns.split(',').map(str::to_owned).collect();
        let map = ImportMap::parse(&map(kind, &columns, may_contact))?;
        Plan::bind(&map, kind, &columns, DateTime::UNIX_EPOCH).map_err(|problems| format!("{problems:?}"))?;
        Ok(map)
    }

    #[test]
    fn headers_of_the_common_systems_are_understood() {
        let hubspot = "Record ID,First Name,Last Name,Email,Phone Number,Job Title,Company name,Country/Region,Number of Employees,Create Date";
        let salesforce = "Id,FirstName,LastName,Email,Phone,Title,Company,Industry,LeadSource,NumberOfEmployees,Country,City,HasOptedOutOfEmail,CreatedDate";
        let zoho =
            "LEADID,Last Name,Company,Email,Mobile,Website,Industry,Lead Source,Created Time,Email Opt Out";
        for header in [hubspot, salesforce, zoho] {
            let lead = bound(Kind::Leads, header, Some(true)).unwrap().lead.unwrap();
            for field in [
                &lead.name,
                &lead.email,
                &lead.phone,
                &lead.company,
                &lead.external_id,
                &lead.created_at,
                &lead.consent.may_contact,
            ] {
                assert!(field.is_some(), "{header}: {lead:?}");
            }
        }
    }

    #[test]
    fn first_and_last_name_become_one_name() {
        let lead = bound(Kind::Leads, "Last Name,First Name,E-Mail", Some(false)).unwrap().lead.unwrap();
        assert_eq!(lead.name.unwrap().columns, ["First Name", "Last Name"]);
        assert_eq!(lead.email.unwrap().columns, ["E-Mail"]);
    }

    #[test]
    fn consent_is_never_guessed() {
        let problem = bound(Kind::Leads, "Email", None).unwrap_err();
        assert!(problem.contains("may_contact"), "{problem}");
        let opted_out = bound(Kind::Leads, "Email,Email Opt Out", None)
            .unwrap()
            .lead
            .unwrap()
            .consent
            .may_contact
            .unwrap();
        assert_eq!(opted_out.rest.values["yes"], "false");
        assert_eq!(opted_out.rest.otherwise.as_deref(), Some("false"));
    }

    #[test]
    fn what_events_lack_stands_in_the_map_to_be_filled_in() {
        assert!(
            bound(Kind::Events, "Activity ID,Activity Type,Activity Date,Associated Contact Email", None)
                .is_ok()
        );
        let problem = bound(Kind::Events, "Email,What", None).unwrap_err();
        assert!(problem.contains("event.kind") && problem.contains("event.occurred_at"), "{problem}");
    }

    #[test]
    fn column_names_of_any_kind_are_quoted() {
        assert!(bound(Kind::Leads, "\"E-Mail\",naïve \\ id,email\n2", Some(true)).is_ok());
    }
}
