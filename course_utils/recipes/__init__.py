"""How each shipped weight and text was made. Nothing imports these; run them with `python -m`."""
