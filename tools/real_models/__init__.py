"""How far the days hold on models that are not ours: measure one, keep it as JSON, write docs/real_models.md from all."""
