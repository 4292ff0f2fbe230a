from .cli import main as main
from .deck import Card as Card
from .deck import cards as cards
from .deck import write_deck as write_deck
from .doctor import Finding as Finding
from .doctor import examine as examine
from .export import exercise_keys as exercise_keys
from .export import export_html as export_html
