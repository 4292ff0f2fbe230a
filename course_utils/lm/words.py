"""Words that texts of several formats are made of, and first names above all."""

NAMES = [
    "Mary", "John", "Tom", "Anna", "Peter", "Lucy", "Mark", "Sarah", "Paul", "Emma", "James", "Alice",
    "David", "Laura", "Simon", "Kate", "Henry", "Julia", "Frank", "Helen", "George", "Clara", "Martin",
    "Rose", "Daniel", "Grace", "Adam", "Nina", "Oscar", "Ruth", "Jack", "Lily", "Sam", "Nora", "Ben",
    "Ella", "Max", "Ivy", "Leo", "Ada",
]  # fmt: skip
"""First names of the indirect-object sentences; each is one token of the pocket model, with its leading space."""

SURNAMES = [
    "Smith", "Lee", "Garcia", "Müller", "Chen", "Patel", "Novak", "Rossi", "Tanaka", "Brown", "Kim",
    "Silva", "Jensen", "Dubois", "Kowalski", "Haddad", "Okafor", "Ivanov", "Nguyen", "Schmidt", "Moreau",
    "Larsen", "Costa", "Weber", "Yamamoto", "Singh", "Walker", "Fischer", "Lopez", "Meyer", "Hughes",
    "Baker", "Olsen", "Park",
]  # fmt: skip
SUBJECTS = [
    "memory", "attention", "sleep", "soil", "rainfall", "coral", "wheat", "cancer", "glucose", "traffic",
    "housing", "language", "reading", "climate", "enzymes", "magnets", "proteins", "fossils", "batteries",
    "vision", "noise", "ageing", "migration", "learning", "forests", "bacteria", "turbulence", "trade",
]  # fmt: skip
METHODS = [
    "A review of", "The effect of diet on", "Modelling", "Long-term changes in", "A field study of",
    "Measuring", "Limits of", "New evidence for", "A statistical analysis of", "The economics of",
    "Seasonal patterns in", "Early", "A comparison of methods for", "Rethinking",
]  # fmt: skip
HOSTS = [
    "example.com", "shop.example.org", "api.example.net", "news.example.com", "static.example.org",
    "mail.example.net",
]  # fmt: skip
WORDS = [
    "blue", "river", "stone", "quiet", "early", "garden", "letter", "market", "silver", "window", "paper",
    "bridge", "winter", "answer", "north", "simple", "planet", "engine", "coffee", "number", "travel",
    "music", "yellow", "island", "summer", "doctor", "mirror", "forest", "camera", "basket",
]  # fmt: skip
MONTHS = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
]  # fmt: skip
THINGS = [
    "book", "lamp", "ticket", "umbrella", "camera", "cake", "hat", "guitar", "map", "key", "bicycle",
    "sandwich", "clock", "phone", "painting",
]  # fmt: skip
