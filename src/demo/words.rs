//! The words that the demo company's world is made of. All people and companies are invented; addresses end
//! in the reserved `.example`, and phone numbers lie in ranges that regulators keep for fiction.

/// People of one part of the world. A name is written as its bearer writes it, then, where letters differ by
/// more than an accent, after a bar as it stands in an e-mail address.
pub struct Culture {
    pub country: &'static str,
    pub cities: &'static [&'static str],
    pub first: &'static [&'static str],
    pub last: &'static [&'static str],
    /// Whether the family name comes first.
    pub family_first: bool,
    /// What follows the name of a company.
    pub legal_form: &'static str,
    /// The beginning of the fictional phone numbers, and how many digits follow.
    pub phones: Option<(&'static str, u32)>,
    /// How many of a thousand leads come from here.
    pub share: u32,
}

#[rustfmt::skip]
pub const CULTURES: &[Culture] = &[
    Culture { country: "Germany", cities: &["Berlin", "München", "Hamburg", "Köln", "Düsseldorf", "Leipzig"], share: 190,
        first: &["Anna", "Jürgen", "Käthe", "Lukas", "Björn", "Sabine", "Tobias", "Ursula", "Götz", "Marlene", "Felix", "Jörg", "Heike", "Nele"],
        last: &["Meyer", "Müller", "Schröder", "Groß", "Krüger", "Weiß", "Hoffmann", "Jäger", "Voß", "Köhler", "Brandt", "von der Heide", "Lindner", "Böhm"],
        family_first: false, legal_form: "GmbH", phones: Some(("+493023125", 3)) },
    Culture { country: "United States", cities: &["New York", "Austin", "Chicago", "Denver", "Seattle", "Boston"], share: 200,
        first: &["James", "Maria", "Tyrone", "Emily", "Carlos", "Grace", "Dwayne", "Hannah", "Malik", "Olivia", "Ethan", "Renee", "Logan", "Aaliyah"],
        last: &["Johnson", "Garcia", "Washington", "Miller", "Nguyen", "Anderson", "Brooks", "Cohen", "Patterson", "Reyes", "Sullivan", "Whitaker", "D'Angelo", "Kim"],
        family_first: false, legal_form: "Inc.", phones: Some(("+1212555", 4)) },
    Culture { country: "United Kingdom", cities: &["London", "Manchester", "Leeds", "Bristol", "Edinburgh"], share: 110,
        first: &["Oliver", "Amelia", "Harriet", "George", "Zainab", "Rhys", "Fiona", "Callum", "Imogen", "Tariq", "Eleanor", "Graham"],
        last: &["Smith", "O'Connor", "Davies", "Hughes", "Ahmed", "Fraser", "Whittaker", "Llewellyn", "Ashworth-Pemberton", "Bailey", "Khan", "Armstrong"],
        family_first: false, legal_form: "Ltd", phones: Some(("+442079460", 3)) },
    Culture { country: "France", cities: &["Paris", "Lyon", "Nantes", "Toulouse", "Saint-Étienne"], share: 80,
        first: &["Chloé", "François", "Élodie", "Jérôme", "Aïcha", "Benoît", "Gaëlle", "Mathieu", "Inès", "Thibault", "Solène", "René"],
        last: &["Lefèvre", "Dupont", "Moreau", "Benali", "Garçon", "d'Aubigné", "Roux", "Françoise-Hardouin", "Leroy", "Béranger", "Chevalier", "Noël"],
        family_first: false, legal_form: "SAS", phones: Some(("+33199", 6)) },
    Culture { country: "Spain", cities: &["Madrid", "Barcelona", "Valencia", "Málaga"], share: 60,
        first: &["Iñigo", "Lucía", "Sofía", "Álvaro", "Begoña", "Nuria", "José María", "Ximena", "Raúl", "Pilar"],
        last: &["García", "Muñoz", "Peña Ibáñez", "Núñez", "Ortega", "Domínguez", "Castaño", "Gutiérrez", "Vázquez", "Rius"],
        family_first: false, legal_form: "S.L.", phones: None },
    Culture { country: "Italy", cities: &["Milano", "Torino", "Bologna", "Roma"], share: 50,
        first: &["Giulia", "Matteo", "Niccolò", "Chiara", "Alessandro", "Noemi", "Davide", "Ludovica", "Pietro", "Bianca"],
        last: &["Rossi", "Esposito", "De Luca", "Colombo", "Dall'Oglio", "Ferrari", "Conti", "Sartori", "Zanardi", "Moretti"],
        family_first: false, legal_form: "S.r.l.", phones: None },
    Culture { country: "Netherlands", cities: &["Amsterdam", "Rotterdam", "Utrecht", "Eindhoven"], share: 50,
        first: &["Daan", "Sanne", "Joris", "Femke", "Willem", "Lieke", "Thijs", "Noor", "Ruben", "Maud"],
        last: &["de Vries", "van den Berg", "Jansen", "'t Hart", "Bakker", "van Dijk", "Smit", "Hoekstra", "Mulder", "Koç"],
        family_first: false, legal_form: "B.V.", phones: None },
    Culture { country: "Sweden", cities: &["Stockholm", "Göteborg", "Malmö"], share: 40,
        first: &["Åsa", "Göran", "Linnéa", "Erik", "Märta", "Nils", "Ebba", "Håkan", "Tuva", "Sören"],
        last: &["Lindqvist", "Åkesson", "Bergström", "Öberg", "Nyström", "Hallgren", "Sjöström", "Wallin", "Ek", "Söderlund"],
        family_first: false, legal_form: "AB", phones: None },
    Culture { country: "Poland", cities: &["Warszawa", "Kraków", "Wrocław", "Gdańsk"], share: 40,
        first: &["Agnieszka", "Łukasz", "Małgorzata", "Paweł", "Zofia", "Wojciech", "Żaneta", "Michał", "Kinga", "Stanisław"],
        last: &["Wiśniewska", "Wójcik", "Kowalczyk", "Zieliński", "Dąbrowski", "Błaszczyk", "Szymańska", "Król", "Pająk", "Żukowski"],
        family_first: false, legal_form: "Sp. z o.o.", phones: None },
    Culture { country: "Japan", cities: &["東京", "大阪", "福岡"], share: 45,
        first: &["健太|kenta", "美咲|misaki", "大輔|daisuke", "陽子|yoko", "翔|sho", "由美|yumi", "直樹|naoki", "さくら|sakura", "拓海|takumi", "恵|megumi"],
        last: &["田中|tanaka", "佐藤|sato", "鈴木|suzuki", "高橋|takahashi", "渡辺|watanabe", "小林|kobayashi", "山本|yamamoto", "中村|nakamura", "加藤|kato", "森|mori"],
        family_first: true, legal_form: "株式会社", phones: None },
    Culture { country: "China", cities: &["上海", "深圳", "北京"], share: 25,
        first: &["伟|wei", "芳芳|fangfang", "丽娜|lina", "强|qiang", "晓明|xiaoming", "静|jing", "磊|lei", "雪梅|xuemei"],
        last: &["王|wang", "李|li", "张|zhang", "刘|liu", "陈|chen", "杨|yang", "赵|zhao", "黄|huang"],
        family_first: true, legal_form: "有限公司", phones: None },
    Culture { country: "India", cities: &["Bengaluru", "Mumbai", "Pune", "Hyderabad"], share: 60,
        first: &["Priya", "Rahul", "Ananya", "Vikram", "Kavya", "Arjun", "Meera", "Sanjay", "Divya", "Rohan"],
        last: &["Sharma", "Iyer", "Patel", "Reddy", "Chatterjee", "Venkatasubramanian", "Singh", "Deshpande", "Nair", "Gupta"],
        family_first: false, legal_form: "Pvt Ltd", phones: None },
    Culture { country: "Brazil", cities: &["São Paulo", "Curitiba", "Florianópolis"], share: 30,
        first: &["João", "Beatriz", "Antônio", "Luíza", "Thiago", "Conceição", "Rafael", "Júlia", "Otávio", "Fernanda"],
        last: &["Silva", "Gonçalves", "Araújo", "dos Santos", "Magalhães", "Pereira", "Falcão", "Moraes", "Brandão", "Simões"],
        family_first: false, legal_form: "Ltda.", phones: None },
    Culture { country: "Turkey", cities: &["İstanbul", "Ankara", "İzmir"], share: 20,
        first: &["Ayşe", "Çağlar", "Gülşen", "İbrahim", "Ömer", "Şebnem", "Ufuk", "Zeynep"],
        last: &["Yılmaz", "Çelik", "Öztürk", "Şahin", "Aydın", "Güneş", "Doğan", "Kılıç"],
        family_first: false, legal_form: "A.Ş.", phones: None },
];

/// The first word of a company's name.
#[rustfmt::skip]
pub const COMPANY_FIRST: &[&str] = &[
    "Nordlicht", "Silverbirch", "Kestrel", "Meridian", "Auberge", "Blue Anchor", "Castellan", "Driftwood", "Elbufer", "Fjordline",
    "Granite", "Halcyon", "Ironbridge", "Juniper", "Kastanie", "Lanterne", "Maple Row", "Northwind", "Ostsee", "Palisade",
    "Quarterdeck", "Redwood", "Sollentuna", "Tamarind", "Umbra", "Vistula", "Westhaven", "Yarrow", "Zephyr", "Alpenglow",
    "Birchwood", "Cobalt", "Dovetail", "Everhart", "Foxglove", "Gondola", "Harbourside", "Indigo", "Jasmin", "Kingfisher",
    "Larkspur", "Mistral", "Nightingale", "Orchard", "Pinnacle", "Quillon", "Rosewater", "Seabright", "Thistle", "Ursa",
    "Verdant", "Willow", "Åland", "Über", "Élan", "Ñandú", "Øresund", "Bright & Daughters", "O'Malley", "Three Rivers",
];

/// Words between the first and the last of a company's name, for worlds of many companies.
#[rustfmt::skip]
pub const COMPANY_MIDDLE: &[&str] = &[
    "North", "South", "East", "West", "Alpha", "Beta", "Gamma", "Delta", "Prime", "Union", "Central", "Grand", "Royal", "United", "Global",
    "Digital", "Modern", "Classic", "Atlantic", "Pacific", "Baltic", "Nordic", "Iberian", "Alpine", "Coastal", "Harbour", "River", "Valley",
    "Summit", "Forest", "Meadow", "Garden", "Stone", "Silver", "Golden", "Copper", "Iron", "Crystal", "Amber", "Coral", "Ivory", "Onyx",
    "Ruby", "Emerald", "Sapphire", "Falcon", "Eagle", "Heron", "Raven", "Swan", "Otter", "Lynx", "Bison", "Stag", "Comet", "Lunar", "Solar",
    "Stellar", "Aurora", "Horizon", "Harvest", "Lantern", "Anchor", "Compass", "Bridge", "Tower", "Castle", "Mill", "Forge", "Loom", "Quill",
    "Maple", "Cedar", "Linden", "Aspen", "Rowan", "Hazel", "Olive", "Laurel", "Clover",
];

/// The last word of a company's name, and the industry that goes with it.
#[rustfmt::skip]
pub const COMPANY_LAST: &[(&str, &str)] = &[
    ("Software", "Software"), ("Systems", "Information technology"), ("Logistics", "Logistics"), ("Freight", "Logistics"), ("Insurance", "Insurance"),
    ("Capital", "Financial services"), ("Bank", "Financial services"), ("Manufacturing", "Manufacturing"), ("Werke", "Manufacturing"), ("Robotics", "Manufacturing"),
    ("Consulting", "Consulting"), ("Partners", "Professional services"), ("Health", "Healthcare"), ("Clinics", "Healthcare"), ("Telecom", "Telecommunications"),
    ("Analytics", "SaaS"), ("Cloud", "SaaS"), ("Academy", "Education"), ("Hotels", "Hospitality"), ("Foods", "Food and beverage"),
    ("Farms", "Agriculture"), ("Stores", "Retail"), ("Energy", "Energy"), ("Studios", "Media"), ("Foundation", "Non-profit"), ("Construction", "Construction"),
];

/// Seniority, the titles that go with it, and its share of a hundred people.
pub const SENIORITIES: &[(&str, &[&str], u32)] = &[
    ("c-level", &["Chief Marketing Officer", "Chief Revenue Officer", "CEO", "Chief Sales Officer"], 5),
    ("founder", &["Founder", "Co-founder & CEO"], 3),
    ("vp", &["VP Sales", "VP Marketing", "Vice President Revenue"], 5),
    ("director", &["Director of Demand Generation", "Sales Director", "Director Business Development"], 9),
    ("head", &["Head of Marketing", "Head of Growth", "Head of Sales Operations"], 7),
    ("manager", &["Marketing Manager", "Sales Manager", "CRM Manager", "Office Manager"], 24),
    ("senior", &["Senior Marketing Specialist", "Senior Account Executive", "Senior Developer"], 17),
    ("entry", &["Marketing Assistant", "Sales Development Representative", "Junior Analyst"], 20),
    ("intern", &["Intern", "Working Student"], 6),
    ("student", &["Student"], 4),
];

/// Where leads come from: the source, the share of a hundred, and how its visits are tagged.
pub const SOURCES: &[(&str, u32, Option<(&str, &str)>)] = &[
    ("Website", 24, None),
    ("Search ads", 18, Some(("google", "cpc"))),
    ("LinkedIn", 16, Some(("linkedin", "paid_social"))),
    ("Webinar", 12, Some(("newsletter", "email"))),
    ("Content", 10, Some(("newsletter", "email"))),
    ("Trade fair", 8, None),
    ("Referral", 6, None),
    ("Partner", 4, Some(("partner", "referral"))),
    ("Outbound list", 2, None),
];

pub const CAMPAIGNS: &[&str] = &[
    "Spring product launch",
    "Revenue operations webinar series",
    "Search: handoff software",
    "LinkedIn: heads of marketing",
    "Guide: the handoff agreement",
    "Trade fair Köln",
    "Partner referrals DACH",
    "Customer story: Fjordline Freight",
    "Nordics roadshow",
    "Year-end price campaign",
];

pub const PERSONAS: &[(&str, &str)] = &[
    ("revenue_leader", "Revenue leader"),
    ("marketing_head", "Head of marketing"),
    ("sales_manager", "Sales manager"),
    ("founder", "Founder who still sells"),
];

pub const CUSTOM_FIELDS: &[(&str, &str, &str)] =
    &[("seats_wanted", "Seats wanted", "number"), ("tool_today", "Tool in use today", "text")];

pub const TOOLS: &[&str] =
    &["Spreadsheets", "Shared mailbox", "An old CRM", "Nothing yet", "A home-made tool"];

pub const PAGES: &[&str] = &[
    "/",
    "/product",
    "/product/queues",
    "/customers",
    "/blog/speed-to-lead",
    "/blog/one-agreement",
    "/about",
    "/security",
    "/integrations",
    "/docs/getting-started",
];

pub const ASSETS: &[&str] = &[
    "The handoff agreement, a template",
    "Speed to lead: a benchmark",
    "Checklist: first contact",
    "Revenue goals that both sides carry",
];

pub const WEBINARS: &[&str] =
    &["From MQL to meeting in an hour", "Ending the lead blame game", "Agreements that people keep"];

pub const MAILS: &[&str] =
    &["Monthly letter", "Your guide is here", "Three questions about handoffs", "See you in Köln"];

pub const FAIRS: &[&str] = &["Trade fair Köln", "Nordics roadshow Malmö", "Revenue summit London"];

/// What a rep writes after a contact, by the outcome of the activity.
pub const CONTACT_NOTES: &[(&str, &str, &[&str])] = &[
    (
        "call",
        "connected",
        &[
            "Good talk. Wants to see how queues work with two regions.",
            "Spoke for ten minutes; asked for prices for 40 seats.",
            "Friendly, but needs the boss in the room. Second call next week.",
        ],
    ),
    ("call", "no_answer", &["", "Rang out twice."]),
    ("call", "left_message", &["Left a message with my number.", ""]),
    (
        "email",
        "sent",
        &[
            "Introduced myself and proposed two slots.",
            "Sent the short deck and asked about the current process.",
        ],
    ),
    (
        "email",
        "replied",
        &[
            "Answered within the hour: interested, travelling until Friday.",
            "Asked whether we keep data in the EU.",
        ],
    ),
    (
        "meeting",
        "held",
        &[
            "Demo for three people; they liked the hand-back reasons.",
            "Walked through the agreement; legal wants to read it.",
        ],
    ),
    ("meeting", "no_show", &["Nobody joined. Proposed a new time."]),
];

/// What a rep writes when a lead goes back, by the kind of the reason.
pub const HAND_BACK_NOTES: &[(&str, &[&str])] = &[
    (
        "reject",
        &[
            "The company size on file is wrong: six people, not six hundred.",
            "Only collects material for a thesis-like report; no project behind it.",
            "Has no influence on tools; colleague in Lyon decides.",
        ],
    ),
    (
        "recycle",
        &[
            "Likes it, but the budget opens next quarter only.",
            "Bound to the current supplier until next year. Asked us to call again.",
            "Six tries, no answer. Mailbox full.",
            "Reorganisation under way; wait until it is over.",
        ],
    ),
    (
        "disqualify",
        &[
            "Works for a competitor.",
            "Asked not to be contacted again.",
            "Job applicant who used the demo form.",
        ],
    ),
];

pub const WON: &[&str] = &[
    "Saw the first contact times and signed",
    "Best fit for two departments",
    "Champion changed jobs and brought us along",
    "Won on price and start date",
];
pub const LOST: &[&str] = &[
    "Chose to stay with spreadsheets",
    "Lost on price",
    "Project stopped by the board",
    "Went with a larger suite",
    "No answer after the offer",
];
pub const DISQUALIFIED: &[&str] = &["Invented contact details", "Asked for a job", "Competitor"];

/// Names that break what was made for short ones.
pub const LONG_NAMES: &[&str] = &[
    "Adolphine Wilhelmine Freifrau von Wolkenstein-Trostburg zu Hohenschwangau-Unterleitenbach und Oberneuensteinach",
    "Pablo Diego José Francisco de Paula Juan Nepomuceno María de los Remedios Cipriano Ruiz y Picazo",
    "Hubert Wolfeschlegelsteinhausenbergerdorff-Rhabarberbarbarabarbarbaren",
];
