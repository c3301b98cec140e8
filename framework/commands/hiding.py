"""A plan as anybody may read it: the plan in, data that holds no secret out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framework.pipeline.secrets import shown_data

if TYPE_CHECKING:
    from framework.deploy.plan import Plan


def plan_data(plan: Plan) -> dict[str, Any]:
    """The plan in JSON types, secrets hidden."""
    data = plan.to_json()
    changes = [{**change, "fields": [_field(field) for field in change["fields"]]} for change in data["changes"]]
    return {**data, "changes": changes}


def _field(field: dict[str, Any]) -> dict[str, Any]:
    path = str(field["path"]).split(".")
    return {key: value if key == "path" else shown_data(value, path) for key, value in field.items()}
