"""All places that are looked into, in the order in which an answer names them."""

from __future__ import annotations

from shared.copies.apim import APIM
from shared.copies.app_service import APP_SERVICE
from shared.copies.container_apps import CONTAINER_APPS
from shared.copies.data_factory import DATA_FACTORY
from shared.copies.foundry import FOUNDRY, FOUNDRY_PROJECTS
from shared.copies.hubs import HUBS
from shared.copies.logic_apps import LOGIC_APPS
from shared.copies.search import SEARCH

PLACES = (FOUNDRY, FOUNDRY_PROJECTS, HUBS, APIM, APP_SERVICE, CONTAINER_APPS, SEARCH, LOGIC_APPS, DATA_FACTORY)
