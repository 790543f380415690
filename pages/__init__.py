"""README and docs as they are published: numbers put in from committed results, the site built around them.

`python -m pages` fills every block `<!-- generated: NAME -->` of the README and of `docs/`; `--check` fails where one
differs; `--from DIR` first takes over what a results folder of `distort reproduce` holds. `pages.site` is what mkdocs
calls while it builds the site.
"""
