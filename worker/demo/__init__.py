"""The main job on an embedded default, shown live and audited."""
