"""Was jemand sieht, der einem Training im Notebook zuschaut."""

import sys

import pytorch_lightning as pl

from anncourse.session import live_session


class GrowingCurve(pl.Callback):
    """Zeichnet nach jeder Epoche die Genauigkeiten neu, immer am selben Ort.

    Nur wo in einem Notebook jemand zusieht; sonst tut sie nichts.

    Examples
    --------
    >>> run = fit("rnn", reviews, callbacks=[GrowingCurve()])
    """

    def __init__(self):
        self.history: dict[str, list[float]] = {"Training": [], "Validierung": []}
        self.place = None

    def on_train_epoch_end(self, trainer, pl_module) -> None:
        """Ein Punkt mehr auf jeder Linie."""
        if not ("ipykernel" in sys.modules and live_session()):
            return
        from IPython.display import display  # in einem Notebook ist IPython da

        from anncourse.teaching.plots import growing_curve

        for values, name in zip(self.history.values(), ("train_accuracy", "val_accuracy")):
            values.append(float(trainer.callback_metrics[name]))
        title = f"{pl_module.model.cell.upper()}, Daten: {trainer.datamodule.reviews.name}"
        curve = growing_curve(self.history, trainer.max_epochs, title)
        if self.place is None:
            self.place = display(curve, display_id=True)
        else:
            self.place.update(curve)
