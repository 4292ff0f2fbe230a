"""What a package index shows leads nowhere but to the repository, or nowhere at all."""

from pathlib import Path

from tools.launch import buttons
from tools.release import LINK, description

ROOT = Path(__file__).parents[1]
ADA = "https://github.com/ada/course"


def test_links_of_the_readme_lead_to_the_version_or_are_words():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for repository in (None, ADA):
        page = description(readme, repository, "v9")
        assert [target for _, _, target in LINK.findall(page) if "://" not in target] == []
        assert ("/blob/v9/notebooks/day_1" in page) == ("/raw/v9/docs/pictures/" in page) == bool(repository)
        assert 'pip install "superposition-in-seven-days[lab]"' in page and '".[' not in page
    assert "[SAELens]" not in page and "tutorials of SAELens](https://github.com" in page


def test_buttons_become_words_that_lead_there():
    page = description(buttons(ADA, "notebooks/day_1.ipynb"), ADA, "v9")
    assert (
        page.startswith("[Launch on Binder](https://mybinder.org/") and "!" not in page and "svg" not in page
    )
