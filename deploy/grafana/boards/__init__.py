"""The dashboards, a file each."""

from deploy.grafana.boards.archives import ARCHIVES
from deploy.grafana.boards.gpu import GPU
from deploy.grafana.boards.overview import OVERVIEW
from deploy.grafana.boards.photo import STAGE_BOARD

BOARDS = (OVERVIEW, STAGE_BOARD, ARCHIVES, GPU)
