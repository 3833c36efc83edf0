"""The experiment issue: asked, worded, delivered, audited."""
