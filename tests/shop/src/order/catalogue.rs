//! The words that orders are made of.

/// Stock keeping unit, name, price in cents.
pub(super) const PRODUCTS: [(&str, &str, u32); 14] = [
    ("TEA-0312", "Darjeeling First Flush 100 g", 1_290),
    ("TEA-0457", "Gyokuro 50 g", 2_450),
    ("TEA-0118", "East Frisian Blend 250 g", 890),
    ("TEA-0620", "Rooibos 200 g", 640),
    ("COF-1044", "Espresso Natale 1 kg", 2_190),
    ("COF-1102", "Yirgacheffe Filter 500 g", 1_690),
    ("COF-1190", "Decaf Huila 500 g", 1_590),
    ("POT-2007", "Cast iron teapot 0.8 l", 5_900),
    ("POT-2031", "Glass teapot 1.2 l", 3_450),
    ("CUP-2210", "Double-walled cup, pair", 2_200),
    ("GRD-3105", "Hand grinder, steel burrs", 8_900),
    ("KTL-3308", "Gooseneck kettle 1 l", 11_900),
    ("FIL-4001", "Paper filters No. 2, 100 pieces", 350),
    ("GFT-9010", "Gift wrapping", 300),
];

pub(super) const FIRST_NAMES: [&str; 16] = [
    "Ada", "Jonas", "Mila", "Emil", "Sofia", "Noah", "Clara", "Luca", "Ines", "Felix", "Nora", "Oscar", "Elif", "Hugo",
    "Maja", "Theo",
];

pub(super) const LAST_NAMES: [&str; 16] = [
    "Lindqvist",
    "Moreau",
    "Keller",
    "Rossi",
    "Jansen",
    "Novak",
    "Silva",
    "Dubois",
    "Berg",
    "Costa",
    "Fischer",
    "Kowalska",
    "Peeters",
    "Garnier",
    "Olsen",
    "Marti",
];

pub(super) const STREETS: [&str; 8] = [
    "Lindenallee",
    "Rue des Tanneurs",
    "Via Garibaldi",
    "Prinsengracht",
    "Calle Mayor",
    "Storgatan",
    "Hauptstrasse",
    "Avenue Foch",
];

/// City and ISO 3166 country.
pub(super) const CITIES: [(&str, &str); 12] = [
    ("Berlin", "DE"),
    ("Hamburg", "DE"),
    ("Lyon", "FR"),
    ("Paris", "FR"),
    ("Milano", "IT"),
    ("Amsterdam", "NL"),
    ("Antwerpen", "BE"),
    ("Madrid", "ES"),
    ("Göteborg", "SE"),
    ("Wien", "AT"),
    ("Porto", "PT"),
    ("Zürich", "CH"),
];
