"""Trains a small convolutional network to read handwritten digits, in NumPy and pypool alone.

    python examples/train_convnet.py [--pool max|average] [--head dense|global] [--compare]
                                     [--epochs N] [--seed N] [--output FILE]

The classic network: twice a 3 x 3 convolution, ReLU, 2 x 2 pooling and dropout, then a dense
layer and a softmax. The digits come with scikit-learn: 1797 images of 8 x 8, here enlarged to
16 x 16, a fifth of them held out. `--pool average` replaces the max pooling, `--head global` the
dense layer, by a global average, `--compare` trains all four and prints them as a table. The
picture shows loss, accuracy and what the pooling layers make of one digit. Needs scikit-learn and
matplotlib:

    pip install '.[examples]'
"""

import argparse
import itertools
import os
import sys
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pypool.layers import AveragePooling2D, GlobalAveragePooling2D, MaxPooling2D

SIDE = 16  # of an image, in pixels
CLASSES = 10
BATCH = 32
RATE = 3e-3  # of learning, at the start; it falls to 0 as half a cosine
BAR = 30  # characters
POOLS = {"max": MaxPooling2D, "average": AveragePooling2D}
HEADS = "dense", "global"


# ---- layers: forward(x, training=...) gives y, backward(dy) gives dx -----------------------------


def patches(x):
    """(batch, height, width, channels) to (batch, height, width, 9*channels): 3 x 3 about each."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.moveaxis(windows, 3, -1).reshape(*x.shape[:3], -1)


class Dense:
    """y = x @ weights + bias, along the last axis."""

    def __init__(self, inputs, outputs, rng):
        scale = np.sqrt(2 / inputs)  # keeps the variance through a ReLU
        self.weights = rng.normal(0, scale, (inputs, outputs)).astype(np.float32)
        self.bias = np.zeros(outputs, np.float32)
        self.parameters = [self.weights, self.bias]

    def forward(self, x, *, training=True):
        self.x = x if training else None
        return x @ self.weights + self.bias

    def backward(self, grad):
        inputs, outputs = self.weights.shape
        flat = grad.reshape(-1, outputs)
        self.gradients = [self.x.reshape(-1, inputs).T @ flat, flat.sum(0)]
        return grad @ self.weights.T


class Convolution(Dense):
    """A 3 x 3 convolution, zeros around: a dense layer for every patch of the image."""

    def __init__(self, channels, filters, rng):
        super().__init__(9 * channels, filters, rng)

    def forward(self, x, *, training=True):
        return super().forward(patches(x), training=training)

    def backward(self, grad):
        """The gradient is a convolution as well: with the kernels turned round."""
        outputs = grad.shape[-1]
        flat = grad.reshape(-1, outputs)
        self.gradients = [self.x.reshape(len(flat), -1).T @ flat, flat.sum(0)]
        turned = self.weights.reshape(9, -1, outputs)[::-1].swapaxes(1, 2)
        return patches(grad) @ turned.reshape(9 * outputs, -1)


class Relu:
    def forward(self, x, *, training=True):
        self.positive = x > 0 if training else None
        return np.maximum(x, 0)

    def backward(self, grad):
        return grad * self.positive


class Dropout:
    """Sets a share of the elements to 0 in training, and scales the others up."""

    def __init__(self, share, rng):
        self.share, self.rng = share, rng

    def forward(self, x, *, training=True):
        if not training:
            return x
        kept = self.rng.random(x.shape, np.float32) >= self.share
        self.scale = kept * np.float32(1 / (1 - self.share))
        return x * self.scale

    def backward(self, grad):
        return grad * self.scale


class Flatten:
    def forward(self, x, *, training=True):
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, grad):
        return grad.reshape(self.shape)


# ---- the network ---------------------------------------------------------------------------------


def cross_entropy(scores, labels):
    """The mean of -log(softmax(scores)) at the labels, and its gradient by the scores."""
    chances = np.exp(scores - scores.max(1, keepdims=True))
    chances /= chances.sum(1, keepdims=True)
    rows = np.arange(len(labels))
    loss = -np.log(chances[rows, labels] + 1e-12).mean()
    chances[rows, labels] -= 1
    return float(loss), chances / np.float32(len(labels))


class Network:
    """The layers in order, and Adam, which trains them."""

    def __init__(self, pool, head, seed=0):
        rng = np.random.default_rng(seed)
        self.pools = POOLS[pool](2), POOLS[pool](2)
        self.layers = [
            Convolution(1, 32, rng),
            Relu(),
            self.pools[0],
            Dropout(0.25, rng),
            Convolution(32, 64, rng),
            Relu(),
            self.pools[1],
            Dropout(0.25, rng),
        ]
        if head == "dense":
            features = 64 * (SIDE // 4) ** 2
            self.layers += [Flatten(), Dense(features, 256, rng), Relu(), Dense(256, CLASSES, rng)]
        else:
            self.layers += [GlobalAveragePooling2D(), Dense(64, CLASSES, rng)]
        self.trained = [layer for layer in self.layers if isinstance(layer, Dense)]
        self.parameters = [p for layer in self.trained for p in layer.parameters]
        self.means, self.squares = ([np.zeros_like(p) for p in self.parameters] for _ in "12")
        self.steps = 0

    def forward(self, x, *, training=False):
        """(batch, SIDE, SIDE, 1) to (batch, CLASSES): what the softmax is taken of."""
        for layer in self.layers:
            x = layer.forward(x, training=training)
        return x

    def step(self, x, labels, rate):
        """Learn from one batch; its loss."""
        loss, grad = cross_entropy(self.forward(x, training=True), labels)
        for layer in reversed(self.layers):
            grad = layer.backward(grad)
        self.adam([g for layer in self.trained for g in layer.gradients], rate)
        return loss

    def adam(self, gradients, rate):
        """Kingma and Ba, 2015, with their constants."""
        self.steps += 1
        rate *= np.sqrt(1 - 0.999**self.steps) / (1 - 0.9**self.steps)
        for i, grad in enumerate(gradients):
            self.means[i] += np.float32(0.1) * (grad - self.means[i])
            self.squares[i] += np.float32(0.001) * (grad * grad - self.squares[i])
            step = self.means[i] / (np.sqrt(self.squares[i]) + np.float32(1e-8))
            self.parameters[i] -= np.float32(rate) * step

    def accuracy(self, x, labels):
        """The share of the images whose digit has the highest score."""
        batches = range(0, len(x), 256)
        right = [self.forward(x[i : i + 256]).argmax(1) == labels[i : i + 256] for i in batches]
        return float(np.concatenate(right).mean())

    def pooled(self, image):
        """What each of the two pooling layers gives for one image: (height, width, channels)."""
        x, maps = image[np.newaxis], []
        for layer in self.layers:
            x = layer.forward(x, training=False)
            if layer in self.pools:
                maps.append(x[0])
        return maps


# ---- data, training ------------------------------------------------------------------------------


def digits(seed=0):
    """Images (n, SIDE, SIDE, 1) and their labels, to train with and held out."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)
    at = np.linspace(0, 7, SIDE)
    enlarge = np.stack([np.interp(at, np.arange(8), unit) for unit in np.eye(8)], axis=1)
    images = (enlarge @ images @ enlarge.T).astype(np.float32)[..., np.newaxis]
    order = np.random.default_rng(seed).permutation(len(images))
    held_out, rest = np.split(order, [len(order) // 5])
    images = (images - images[rest].mean()) / images[rest].std()
    return (images[rest], labels[rest]), (images[held_out], labels[held_out])


@dataclass
class Run:
    """One network and how its training went."""

    pool: str
    head: str
    network: Network
    losses: list  # of each epoch, in training
    accuracies: list  # after each epoch, held out
    seconds: float


def progress(epoch, epochs, done, text):
    """Draw the bar of an epoch over what stands on the line; without a terminal, its end alone."""
    filled = int(BAR * done)
    bar = "#" * filled + "-" * (BAR - filled)
    line = f"epoch {epoch:{len(str(epochs))}}/{epochs} [{bar}] {text}"
    if sys.stdout.isatty():
        print("\r" + line, end="\n" if done == 1 else "", flush=True)
    elif done == 1:
        print(line, flush=True)


def train(pool, head, data, epochs, seed=0):
    """A network, trained."""
    (x, labels), held_out = data
    network, rng = Network(pool, head, seed), np.random.default_rng(seed)
    losses, accuracies, begin = [], [], perf_counter()
    for epoch in range(1, epochs + 1):
        order, total = rng.permutation(len(x)), 0.0
        for start in range(0, len(x), BATCH):
            done = (epoch - 1 + start / len(x)) / epochs
            rate = RATE * (1 + np.cos(np.pi * done)) / 2
            batch = order[start : start + BATCH]
            total += network.step(x[batch], labels[batch], rate) * len(batch)
            seen = start + len(batch)
            if seen < len(x):
                progress(epoch, epochs, seen / len(x), f"loss {total / seen:.4f}")
        losses.append(total / len(x))
        accuracies.append(network.accuracy(*held_out))
        text = f"loss {losses[-1]:.4f}, held-out accuracy {accuracies[-1]:.2%}"
        progress(epoch, epochs, 1, text)
    return Run(pool, head, network, losses, accuracies, perf_counter() - begin)


# ---- what came out -------------------------------------------------------------------------------


def table(runs):
    """One line for each run."""
    lines = ["pool     head    parameters    loss  accuracy  seconds"]
    lines += [
        f"{run.pool:8} {run.head:6} {sum(p.size for p in run.network.parameters):11,} "
        f"{run.losses[-1]:7.4f} {run.accuracies[-1]:9.2%} {run.seconds:8.1f}"
        for run in runs
    ]
    return "\n".join(lines)


def draw(runs, image, output):
    """Loss and accuracy of every run; of the first, the pooled feature maps of one image."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 6.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    curves, pictures = figure.subfigures(1, 2, width_ratios=(2, 3))
    loss, accuracy = curves.subplots(2, 1, sharex=True)
    for run in runs:
        epochs = range(1, len(run.losses) + 1)
        name = f"{run.pool} pooling, {run.head} head"
        loss.plot(epochs, run.losses, label=name)
        accuracy.plot(epochs, run.accuracies, label=name)
    loss.set(title="loss in training", yscale="log")
    accuracy.set(title="accuracy on held-out digits", xlabel="epoch")
    accuracy.xaxis.get_major_locator().set_params(integer=True)
    accuracy.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
    accuracy.legend(loc="lower right")
    for axes in (loss, accuracy):
        axes.grid(alpha=0.3)

    first, second = runs[0].network.pooled(image)
    shown = [[image[..., 0]], strongest(first, 16), strongest(second, 16)]
    titles = [
        f"a digit: {SIDE} x {SIDE}",
        "after the first {} pooling: 16 of {} maps, {} x {}",
        "after the second: 16 of {} maps, {} x {}",
    ]
    titles[1] = titles[1].format(runs[0].pool, first.shape[2], *first.shape[:2])
    titles[2] = titles[2].format(second.shape[2], *second.shape[:2])
    rows = pictures.subfigures(3, 1, height_ratios=(1.2, 1.6, 1.6))
    for row, maps, title in zip(rows, shown, titles, strict=True):
        row.suptitle(title)
        columns = min(len(maps), 8)
        grid = row.subplots(len(maps) // columns, columns, squeeze=False)
        for axes, values in zip(grid.flat, maps, strict=True):
            axes.imshow(values, cmap="gray")
            axes.axis("off")
    figure.savefig(output, format="png")


def strongest(maps, count):
    """The brightest of the feature maps (height, width, channels), one by one."""
    chosen = np.argsort(-maps.sum((0, 1)))[:count]
    return list(np.moveaxis(maps[..., chosen], -1, 0))


def at_least(least):
    """What argparse takes for a whole number from there on."""

    def whole_number(text):
        number = int(text)
        if number < least:
            raise argparse.ArgumentTypeError(f"must be at least {least}, got {number}")
        return number

    return whole_number


def check_writable(output):
    """An OSError if the picture could not be written; leaves things as they are."""
    is_new = not os.path.lexists(output)
    with open(output, "ab"):
        pass
    if is_new:
        os.unlink(output)


def main(arguments=None):
    """Train, report, draw; the exit status."""
    parser = argparse.ArgumentParser(
        description="Train a small convolutional network on handwritten digits, in NumPy and "
        "pypool alone.",
        epilog="Needs scikit-learn and matplotlib: pip install '.[examples]'",
    )
    parser.add_argument(
        "--pool", choices=list(POOLS), default="max", help="the pooling (default: %(default)s)"
    )
    parser.add_argument(
        "--head",
        choices=HEADS,
        default="dense",
        help="what comes before the softmax: a dense layer, or a global average instead "
        "(default: %(default)s)",
    )
    parser.add_argument(
        "--compare", action="store_true", help="train every pooling with every head"
    )
    parser.add_argument("--epochs", type=at_least(1), default=20, metavar="N", help="(default: 20)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="(default: 0)")
    parser.add_argument(
        "--output",
        default="train_convnet.png",
        metavar="FILE",
        help="the picture to write (default: %(default)s)",
    )
    chosen = parser.parse_args(arguments)
    try:
        import matplotlib as mpl
        import sklearn  # noqa: F401
    except ImportError as error:
        needs = f"train_convnet needs scikit-learn and matplotlib ({error})"
        print(f"{needs}; install them with: pip install '.[examples]'", file=sys.stderr)
        return 1

    try:
        check_writable(chosen.output)
    except OSError as error:
        print(f"train_convnet cannot write {chosen.output}: {error.strerror}", file=sys.stderr)
        return 1

    data = digits()
    print(f"{len(data[0][0])} digits to train with, {len(data[1][0])} held out")
    variants = [(chosen.pool, chosen.head)]
    if chosen.compare:
        variants = list(itertools.product(POOLS, HEADS))
    runs = []
    for pool, head in variants:
        print(f"\n{pool} pooling, {head} head")
        runs.append(train(pool, head, data, chosen.epochs, chosen.seed))
    print(f"\n{table(runs)}")
    with mpl.rc_context():
        mpl.rcdefaults()
        draw(runs, data[1][0][0], chosen.output)
    print(f"wrote {chosen.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
