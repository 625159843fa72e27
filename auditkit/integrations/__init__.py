"""auditkit inside of other people's systems; each module needs an extra of its own."""
