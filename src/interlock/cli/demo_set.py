"""What `interlock seed demo` fills in: invented companies, and the product that they might use."""

from typing import Any

from interlock.control.domain.flags import FlagScope, FlagStatus
from interlock.control.domain.modules import ModuleType
from interlock.control.domain.organisations import Plan

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

MODULES: tuple[tuple[Fields, str], ...] = tuple(
    ({"key": key, "name": name, "description": text, "version": version, "type": kind, "is_core": is_core}, status)
    for key, name, text, version, kind, is_core, status in (
        ("access_control", "Access control", "Who may see which data.", "3.2.0", ModuleType.CORE, True, "active"),
        ("data_catalogue", "Data catalogue", "Every source, field and owner.", "2.8.1",
         ModuleType.CORE, True, "active"),
        ("pricing_intelligence", "Pricing intelligence", "Competitors' prices, followed daily.", "1.4.0",
         ModuleType.ANALYTICS, False, "active"),
        ("demand_forecast", "Demand forecast", "Thirteen weeks ahead, by product and place.", "2.0.3",
         ModuleType.AI_ML, False, "active"),
        ("churn_risk", "Churn risk", "Which customers are about to leave, and why.", "0.9.2",
         ModuleType.AI_ML, False, "testing"),
        ("basket_analysis", "Basket analysis", "What is bought together.", "1.1.0",
         ModuleType.ANALYTICS, False, "active"),
        ("warehouse_sync", "Warehouse sync", "Nightly copies to Snowflake and BigQuery.", "4.0.0",
         ModuleType.INTEGRATION, False, "active"),
        ("ledger_import", "Ledger import", "Postings from accounting systems.", "1.7.5",
         ModuleType.INTEGRATION, False, "active"),
        ("board_pack", "Board pack", "The monthly report as slides.", "1.0.4", ModuleType.REPORTING, False, "active"),
        ("esg_report", "ESG report", "Emissions and social figures for the annual report.", "0.3.0",
         ModuleType.REPORTING, False, "development"),
        ("live_maps", "Live maps", "Fleets and shops on a map.", "2.2.0", ModuleType.VISUALIZATION, False, "active"),
        ("classic_charts", "Classic charts", "The charts of the first product.", "1.9.9",
         ModuleType.VISUALIZATION, False, "deprecated"),
    )
)  # fmt: skip

ASSIGNMENTS: dict[str, tuple[str, ...]] = {
    "pricing_intelligence": ("alder-valley-foods", "drift-and-tide", "lantern-hotels", "marrow-and-pip"),
    "demand_forecast": ("alder-valley-foods", "cobalt-energy", "northgate-rail", "oldcastle-brewing"),
    "basket_analysis": ("drift-and-tide", "halden-cinemas", "marrow-and-pip"),
    "warehouse_sync": ("arbour-insurance", "cobalt-energy", "kestrel-instruments", "lantern-hotels", "northgate-rail"),
    "ledger_import": ("arbour-insurance", "fernhill-clinics", "pendle-textiles"),
    "board_pack": ("arbour-insurance", "cobalt-energy", "lantern-hotels", "northgate-rail"),
    "live_maps": ("blackthorn-logistics", "northgate-rail", "saltmarsh-ferries"),
    "classic_charts": ("greywater-press", "pendle-textiles"),
    "churn_risk": ("quayside-fitness",),
}

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
    ("forecast-v2", "northgate-rail", True, "design partner of the new model"),
    ("forecast-v2", "cobalt-energy", False, "regulated: the model is not approved yet"),
    ("hourly-prices", "marrow-and-pip", True, "pilot, agreed with the customer"),
    ("legacy-charts", "kestrel-instruments", False, "moved to live maps"),
    ("new-navigation", "greywater-press", False, "asked to wait until their training is over"),
)
