"""The invented companies of the demo. Their domains end in .example, which nobody can own (RFC 2606)."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class DemoCompany:
    """An employer whose mail server signs with DKIM; its key is made on the first start."""

    slug: str
    en: str
    zh: str
    domain: str
    trade: str


COMPANIES: Final = (
    DemoCompany("luming", "Luming Software", "鹿鸣软件", "luming.example", "tech"),
    DemoCompany("kestrel", "Kestrel Robotics", "红隼机器人", "kestrel-robotics.example", "manufacturing"),
    DemoCompany("riverbend", "Riverbend Hospital", "河湾医院", "riverbend-hospital.example", "health"),
    DemoCompany("baiyan", "Baiyan Freight", "白雁货运", "baiyan-freight.example", "logistics"),
    DemoCompany("oldstove", "Old Stove Kitchens", "老灶餐饮", "oldstove.example", "kitchen"),
)
SELECTOR: Final = "demo"
