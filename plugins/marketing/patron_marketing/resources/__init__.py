"""What marketing declares as resources."""

from patron_marketing.resources.campaigns import CAMPAIGNS
from patron_marketing.resources.forms import FORMS
from patron_marketing.resources.segments import SEGMENTS
from patron_marketing.resources.suppressions import SUPPRESSIONS

__all__ = ["CAMPAIGNS", "FORMS", "SEGMENTS", "SUPPRESSIONS"]
