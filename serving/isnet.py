"""The IS-Net network, for inference.

Source: "Highly Accurate Dichotomous Image Segmentation", Qin et al., ECCV 2022, and its
repository xuebinqin/DIS (Apache-2.0). This is a rewrite: one block class instead of five, batch
normalisation folded into the convolutions, and only the first of the six side outputs, since the
others are used only in training. Modules have the names of the published weights, which load
without renaming.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 (its usual name)

SIDE = 1024
"""Height and width of the network's input and of its mask, in pixels."""


class ConvRelu(nn.Module):
    """A 3x3 convolution and ReLU; the published batch normalisation is folded into the weights."""

    def __init__(self, channels_in: int, channels_out: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = nn.Conv2d(
            channels_in, channels_out, kernel_size=3, padding=dilation, dilation=dilation
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels_out, H, W)."""
        return F.relu(self.conv_s1(x))


class ResidualUBlock(nn.Module):
    """A small U-Net with a residual connection: RSU-`depth` of the paper.

    If `dilated`, it has no pooling, and the receptive field grows by dilation 1, 2, 4, 8 (RSU-4F).
    """

    def __init__(
        self, depth: int, channels_in: int, middle: int, channels_out: int, *, dilated: bool = False
    ) -> None:
        super().__init__()
        self.depth, self.dilated = depth, dilated
        self.rebnconvin = ConvRelu(channels_in, channels_out)
        for level in range(1, depth + 1):
            dilation = 2 ** (level - 1) if dilated else (2 if level == depth else 1)
            self.add_module(
                f"rebnconv{level}",
                ConvRelu(channels_out if level == 1 else middle, middle, dilation),
            )
        for level in range(depth - 1, 0, -1):
            out = channels_out if level == 1 else middle
            dilation = 2 ** (level - 1) if dilated else 1
            self.add_module(f"rebnconv{level}d", ConvRelu(2 * middle, out, dilation))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels_out, H, W)."""
        entry: Tensor = self.rebnconvin(x)
        skips = [self.get_submodule("rebnconv1")(entry)]
        for level in range(2, self.depth):
            skips.append(self.get_submodule(f"rebnconv{level}")(self._down(skips[-1])))
        y: Tensor = self.get_submodule(f"rebnconv{self.depth}")(skips[-1])
        for level in range(self.depth - 1, 0, -1):
            skip = skips[level - 1]
            y = self.get_submodule(f"rebnconv{level}d")(torch.cat((resize_like(y, skip), skip), 1))
        return y + entry

    def _down(self, x: Tensor) -> Tensor:
        return x if self.dilated else halve(x)


class ISNet(nn.Module):
    """The network: six encoder stages, five decoder stages, one output map."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_in = nn.Conv2d(3, 64, kernel_size=3, stride=2, padding=1)
        self.stage1 = ResidualUBlock(7, 64, 32, 64)
        self.stage2 = ResidualUBlock(6, 64, 32, 128)
        self.stage3 = ResidualUBlock(5, 128, 64, 256)
        self.stage4 = ResidualUBlock(4, 256, 128, 512)
        self.stage5 = ResidualUBlock(4, 512, 256, 512, dilated=True)
        self.stage6 = ResidualUBlock(4, 512, 256, 512, dilated=True)
        self.stage5d = ResidualUBlock(4, 1024, 256, 512, dilated=True)
        self.stage4d = ResidualUBlock(4, 1024, 128, 256)
        self.stage3d = ResidualUBlock(5, 512, 64, 128)
        self.stage2d = ResidualUBlock(6, 256, 32, 64)
        self.stage1d = ResidualUBlock(7, 128, 16, 64)
        self.side1 = nn.Conv2d(64, 1, kernel_size=3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Predict for each pixel whether it is foreground.

        Args:
            x: (B, 3, H, W), -0.5 to 0.5, sRGB minus one half.

        Returns:
            (B, 1, H, W) logits: positive where foreground is more likely than background.
        """
        h1 = self.stage1(self.conv_in(x))
        h2 = self.stage2(halve(h1))
        h3 = self.stage3(halve(h2))
        h4 = self.stage4(halve(h3))
        h5 = self.stage5(halve(h4))
        y = self.stage6(halve(h5))
        for stage, skip in (
            (self.stage5d, h5),
            (self.stage4d, h4),
            (self.stage3d, h3),
            (self.stage2d, h2),
            (self.stage1d, h1),
        ):
            y = stage(torch.cat((resize_like(y, skip), skip), 1))
        return resize_like(self.side1(y), x)


def halve(x: Tensor) -> Tensor:
    """Max-pool (B, C, H, W) by two; an odd last row or column is kept."""
    return F.max_pool2d(x, kernel_size=2, stride=2, ceil_mode=True)


def resize_like(x: Tensor, like: Tensor) -> Tensor:
    """Resize (B, C, h, w) to the height and width of `like`, bilinearly."""
    return F.interpolate(x, size=like.shape[2:], mode="bilinear", align_corners=False)
