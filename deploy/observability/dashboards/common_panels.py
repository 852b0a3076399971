"""Panels that several dashboards show; a description says what matters on that dashboard."""

from deploy.observability.dashboards.panel import GREEN, RED, YELLOW, Panel, per_second


def images_by_device() -> Panel:
    """Return the cut-outs per second, by the device that ran the model."""
    return Panel(
        "Images by device",
        {"{{device}}": per_second("clearbg_images_total", "device")},
        unit="ops",
        stacked=True,
    )


def images_at_the_model(about: str, steps: dict[float, str] | None = None) -> Panel:
    """Return the images in the queue and in the model, by process and priority."""
    return Panel(
        "Images at the model",
        {"{{instance}} {{model}} {{priority}}": "clearbg_model_images{@}"},
        about=about,
        steps=steps or {},
    )


def free_disk(about: str = "") -> Panel:
    """Return the free share of the data folder's disk; the steps are those of the alerts."""
    return Panel(
        "Free disk",
        {"{{instance}}": "clearbg_disk_free_bytes{@} / clearbg_disk_size_bytes{@}"},
        unit="percentunit",
        about=about,
        max_value=1,
        steps={0: RED, 0.05: YELLOW, 0.15: GREEN},
    )
