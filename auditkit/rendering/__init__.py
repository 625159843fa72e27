"""From the record to documents: views of the record, templates, formats. The only home of jinja2."""
