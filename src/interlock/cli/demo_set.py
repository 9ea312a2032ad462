"""What `interlock seed demo` fills in: invented companies, and the product that they might use."""

from typing import Any

from interlock.control.domain.flags import FlagScope, FlagStatus
from interlock.control.domain.modules import ModuleType
from interlock.control.domain.organisations import OrganisationChanges, Plan

Fields = dict[str, Any]

ORGANISATIONS: tuple[Fields, ...] = tuple(
    {"key": key, "name": name, "sector_code": sector, "plan": plan}
    for key, name, sector, plan in (
        ("alder-valley-foods", "Alder Valley Foods", "10.89", Plan.PROFESSIONAL),
        ("arbour-insurance", "Arbour Insurance plc", "65.12", Plan.ENTERPRISE),
        ("blackthorn-logistics", "Blackthorn Logistics", "49.41", Plan.PROFESSIONAL),
        ("cobalt-energy", "Cobalt Energy", "35.14", Plan.ENTERPRISE),
        ("drift-and-tide", "Drift & Tide Swimwear", "47.71", Plan.BASIC),
        ("fernhill-clinics", "Fernhill Clinics", "86.21", Plan.PROFESSIONAL),
        ("greywater-press", "Greywater Press", "58.11", Plan.BASIC),
        ("halden-cinemas", "Halden Cinemas", "59.14", Plan.PROFESSIONAL),
        ("kestrel-instruments", "Kestrel Instruments", "26.51", Plan.ENTERPRISE),
        ("lantern-hotels", "Lantern Hotels Group", "55.10", Plan.ENTERPRISE),
        ("marrow-and-pip", "Marrow & Pip Grocers", "47.11", Plan.BASIC),
        ("northgate-rail", "Northgate Rail", "49.10", Plan.ENTERPRISE),
        ("oldcastle-brewing", "Oldcastle Brewing", "11.05", Plan.PROFESSIONAL),
        ("pendle-textiles", "Pendle Textiles", "13.20", Plan.BASIC),
        ("quayside-fitness", "Quayside Fitness", "93.13", Plan.BASIC),
        ("saltmarsh-ferries", "Saltmarsh Ferries", "50.10", Plan.PROFESSIONAL),
    )
)

PRICING_SCHEMA: Fields = {
    "type": "object",
    "properties": {
        "currency": {"enum": ["GBP", "EUR", "USD"], "title": "Currency"},
        "crawl_hour": {
            "type": "integer", "minimum": 0, "maximum": 23,
            "title": "Hour of the crawl", "description": "By UTC; prices are there two hours later.",
        },
        "competitors": {
            "type": "array", "items": {"type": "string"}, "title": "Competitors", "description": "Their domains.",
        },
        "alerts": {"type": "boolean", "title": "Alerts", "description": "Mail when somebody undercuts."},
    },
    "required": ["currency"],
    "additionalProperties": False,
}  # fmt: skip

WAREHOUSE_SCHEMA: Fields = {
    "type": "object",
    "properties": {
        "target": {"enum": ["snowflake", "bigquery", "redshift"], "title": "Warehouse"},
        "dataset": {"type": "string", "minLength": 1, "title": "Dataset"},
        "keep_days": {"type": "integer", "minimum": 1, "title": "Days kept"},
    },
    "required": ["target", "dataset"],
}

MAPS_SCHEMA: Fields = {
    "type": "object",
    "properties": {
        "tiles": {"enum": ["streets", "satellite", "nautical"], "title": "Background"},
        "refresh_seconds": {"type": "integer", "minimum": 5, "title": "Seconds between positions"},
    },
}

MODULES: tuple[tuple[Fields, str], ...] = tuple(
    (
        {"key": key, "name": name, "description": text, "version": version, "type": kind, "is_core": is_core,
         "dependencies": needs, "minimum_plan": plan} | more,
        status,
    )
    for key, name, text, version, kind, is_core, status, needs, plan, more in (
        ("access_control", "Access control", "Who may see which data.", "3.2.0",
         ModuleType.CORE, True, "active", (), Plan.BASIC, {}),
        ("data_catalogue", "Data catalogue", "Every source, field and owner.", "2.8.1",
         ModuleType.CORE, True, "active", ("access_control",), Plan.BASIC, {}),
        ("pricing_intelligence", "Pricing intelligence", "Competitors' prices, followed daily.", "1.4.0",
         ModuleType.ANALYTICS, False, "active", ("data_catalogue",), Plan.BASIC,
         {"configuration_schema": PRICING_SCHEMA, "default_configuration": {"currency": "GBP", "crawl_hour": 3}}),
        ("warehouse_sync", "Warehouse sync", "Nightly copies to Snowflake and BigQuery.", "4.0.0",
         ModuleType.INTEGRATION, False, "active", ("data_catalogue",), Plan.PROFESSIONAL,
         {"configuration_schema": WAREHOUSE_SCHEMA,
          "default_configuration": {"target": "snowflake", "dataset": "analytics", "keep_days": 400}}),
        ("demand_forecast", "Demand forecast", "Thirteen weeks ahead, by product and place.", "2.0.3",
         ModuleType.AI_ML, False, "active", ("data_catalogue", "warehouse_sync"), Plan.PROFESSIONAL, {}),
        ("basket_analysis", "Basket analysis", "What is bought together.", "1.1.0",
         ModuleType.ANALYTICS, False, "active", ("data_catalogue",), Plan.BASIC, {}),
        ("churn_risk", "Churn risk", "Which customers are about to leave, and why.", "0.9.2",
         ModuleType.AI_ML, False, "testing", ("basket_analysis",), Plan.BASIC, {}),
        ("ledger_import", "Ledger import", "Postings from accounting systems.", "1.7.5",
         ModuleType.INTEGRATION, False, "active", ("data_catalogue",), Plan.BASIC, {}),
        ("board_pack", "Board pack", "The monthly report as slides.", "1.0.4",
         ModuleType.REPORTING, False, "active", ("ledger_import", "access_control"), Plan.ENTERPRISE, {}),
        ("esg_report", "ESG report", "Emissions and social figures for the annual report.", "0.3.0",
         ModuleType.REPORTING, False, "development", ("board_pack", "ledger_import"), Plan.ENTERPRISE, {}),
        ("live_maps", "Live maps", "Fleets and shops on a map.", "2.2.0",
         ModuleType.VISUALIZATION, False, "active", ("data_catalogue",), Plan.PROFESSIONAL,
         {"configuration_schema": MAPS_SCHEMA, "default_configuration": {"tiles": "streets", "refresh_seconds": 30}}),
        ("classic_charts", "Classic charts", "The charts of the first product.", "1.9.9",
         ModuleType.VISUALIZATION, False, "deprecated", (), Plan.BASIC, {}),
    )
)  # fmt: skip

ASSIGNMENTS: dict[str, dict[str, Fields]] = {
    "pricing_intelligence": {
        "alder-valley-foods": {"competitors": ["harvest.example", "greenshelf.example"], "alerts": True},
        "drift-and-tide": {"currency": "EUR", "crawl_hour": 5},
        "lantern-hotels": {"competitors": ["rooms.example"], "alerts": True, "crawl_hour": 1},
        "marrow-and-pip": {},
    },
    "warehouse_sync": {
        "alder-valley-foods": {},
        "arbour-insurance": {"target": "redshift", "dataset": "claims", "keep_days": 2555},
        "cobalt-energy": {"target": "bigquery", "dataset": "meters"},
        "kestrel-instruments": {},
        "lantern-hotels": {"target": "bigquery", "dataset": "stays"},
        "northgate-rail": {"dataset": "journeys"},
        "oldcastle-brewing": {},
    },
    "demand_forecast": {
        "alder-valley-foods": {}, "cobalt-energy": {}, "northgate-rail": {}, "oldcastle-brewing": {},
    },
    "basket_analysis": {"drift-and-tide": {}, "halden-cinemas": {}, "marrow-and-pip": {}, "quayside-fitness": {}},
    "churn_risk": {"quayside-fitness": {}},
    "ledger_import": {
        "arbour-insurance": {}, "cobalt-energy": {}, "fernhill-clinics": {}, "lantern-hotels": {},
        "northgate-rail": {}, "pendle-textiles": {},
    },
    "board_pack": {"arbour-insurance": {}, "cobalt-energy": {}, "lantern-hotels": {}, "northgate-rail": {}},
    "live_maps": {
        "blackthorn-logistics": {"refresh_seconds": 10},
        "northgate-rail": {},
        "saltmarsh-ferries": {"tiles": "nautical", "refresh_seconds": 60},
    },
    "classic_charts": {"greywater-press": {}, "pendle-textiles": {}},
}  # fmt: skip
"""Which organisation has which module, set up how; what a module needs comes before it."""

SECTORS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hourly-prices": (("47", "55"), ()),
    "satellite-layer": ((), ("49.10",)),
    "ask-your-data": ((), ("65", "86")),
    "forecast-v2": ((), ("35",)),
}
"""In which sectors alone a flag is on, and in which it is not."""

FLAGS: tuple[Fields, ...] = tuple(
    {
        "key": key,
        "name": name,
        "description": text,
        "is_enabled": is_enabled,
        "rollout": rollout,
        "scope": scope,
        "status": status,
        "module_key": module,
        "allowed_sectors": SECTORS.get(key, ((), ()))[0],
        "blocked_sectors": SECTORS.get(key, ((), ()))[1],
    }
    for key, name, text, is_enabled, rollout, scope, status, module in (
        ("new-navigation", "New navigation", "The side bar that replaces the menus.", True, 60,
         FlagScope.USER, FlagStatus.ACTIVE, None),
        ("dark-theme", "Dark theme", "Follows the system's setting.", True, 100,
         FlagScope.GLOBAL, FlagStatus.ACTIVE, None),
        ("forecast-v2", "Forecast model 2", "The gradient-boosted model.", True, 25,
         FlagScope.ORGANISATION, FlagStatus.ACTIVE, "demand_forecast"),
        ("forecast-explanations", "Forecast explanations", "Why a figure is what it is.", False, 100,
         FlagScope.GLOBAL, FlagStatus.ACTIVE, "demand_forecast"),
        ("price-alerts", "Price alerts", "A message when a competitor undercuts.", True, 100,
         FlagScope.ORGANISATION, FlagStatus.ACTIVE, "pricing_intelligence"),
        ("hourly-prices", "Hourly prices", "Crawl each hour instead of each day.", True, 10,
         FlagScope.SECTOR, FlagStatus.ACTIVE, "pricing_intelligence"),
        ("export-to-parquet", "Export to Parquet", "Beside CSV and Excel.", True, 100,
         FlagScope.GLOBAL, FlagStatus.ACTIVE, "warehouse_sync"),
        ("incremental-sync", "Incremental sync", "Copy only what has changed.", True, 40,
         FlagScope.ORGANISATION, FlagStatus.ACTIVE, "warehouse_sync"),
        ("board-pack-pdf", "Board pack as PDF", "Print quality, with fonts.", False, 100,
         FlagScope.GLOBAL, FlagStatus.ACTIVE, "board_pack"),
        ("satellite-layer", "Satellite layer", "Aerial pictures under the map.", True, 75,
         FlagScope.USER, FlagStatus.ACTIVE, "live_maps"),
        ("legacy-charts", "Legacy charts", "For those who have not moved yet.", True, 100,
         FlagScope.ORGANISATION, FlagStatus.DEPRECATED, "classic_charts"),
        ("sign-in-with-passkeys", "Passkeys", "Sign in without a password.", False, 5,
         FlagScope.USER, FlagStatus.ACTIVE, None),
        ("ask-your-data", "Ask your data", "Questions in plain words.", False, 100,
         FlagScope.USER, FlagStatus.INACTIVE, None),
        ("weekly-digest", "Weekly digest", "What changed, each Monday by e-mail.", True, 100,
         FlagScope.GLOBAL, FlagStatus.ACTIVE, None),
    )
)  # fmt: skip

OVERRIDES = (
    ("forecast-v2", "northgate-rail", True, "design partner of the new model", None, 41),
    ("forecast-v2", "cobalt-energy", True, "regulated, and the model is approved for a trial", 45, 20),
    ("hourly-prices", "marrow-and-pip", True, "pilot, agreed with the customer", 20, 10),
    ("legacy-charts", "kestrel-instruments", False, "moved to live maps", None, 64),
    ("new-navigation", "greywater-press", False, "asked to wait until their training is over", -6, 37),
    ("price-alerts", "lantern-hotels", False, "too many messages in the high season", 60, 5),
)
"""Flag, organisation, answer, reason, the days until it ends (from today), and how many days ago it was made."""

OVERRIDES_OF_ADMINISTRATORS = (
    ("new-navigation", "lantern-hotels", True, "tries it before the others do", 30, 15),
    ("satellite-layer", "saltmarsh-ferries", False, "slow on board, over the satellite link", None, 29),
)
"""The same, for the first administrator of the organisation alone."""

ROLLOUTS: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("new-navigation", ((52, 5), (34, 20), (20, 40), (6, 60))),
    ("forecast-v2", ((45, 10), (13, 25))),
    ("hourly-prices", ((27, 10),)),
    ("incremental-sync", ((38, 10), (17, 20), (3, 40))),
    ("satellite-layer", ((60, 25), (31, 50), (9, 75))),
    ("sign-in-with-passkeys", ((2, 5),)),
)
"""How flags were rolled out: so many days ago, to so many percent."""

SWITCHES = (
    (23, "forecast-explanations", True),
    (22, "forecast-explanations", False),
    (12, "board-pack-pdf", True),
    (11, "board-pack-pdf", False),
    (4, "sign-in-with-passkeys", True),
)
"""Flags that were switched, so many days ago."""

AGREEMENTS: tuple[tuple[int, str, OrganisationChanges], ...] = (
    (26, "arbour-insurance", {"requests_per_minute": 1200}),
    (18, "marrow-and-pip", {"requests_per_minute": 120}),
    (8, "kestrel-instruments", {"requests_per_minute": 600}),
    (2, "quayside-fitness", {"requests_per_minute": 120}),
)
"""What was agreed with organisations, so many days ago."""
