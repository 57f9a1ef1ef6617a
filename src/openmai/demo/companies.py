"""The demo's companies as its mail servers know them."""

from typing import Final

from openmai.demo.community.companies import load_companies

COMPANIES: Final = load_companies()
SELECTOR: Final = "demo"
"""Of the DKIM key of each."""
