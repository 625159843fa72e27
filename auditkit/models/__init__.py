"""Where predictions come from: live objects, skops and joblib files, and Python code."""
