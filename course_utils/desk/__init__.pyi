from .cli import main as main
from .doctor import Finding as Finding
from .doctor import examine as examine
from .export import exercise_keys as exercise_keys
from .export import export_html as export_html
