"""Changes behind quoin's back and through the spec, as data: one module per service."""
