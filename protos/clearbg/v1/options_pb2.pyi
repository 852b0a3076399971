from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Format(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FORMAT_UNSPECIFIED: _ClassVar[Format]
    FORMAT_PNG: _ClassVar[Format]
    FORMAT_JPG: _ClassVar[Format]
    FORMAT_WEBP: _ClassVar[Format]
    FORMAT_ZIP: _ClassVar[Format]

class Channels(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNELS_UNSPECIFIED: _ClassVar[Channels]
    CHANNELS_RGBA: _ClassVar[Channels]
    CHANNELS_ALPHA: _ClassVar[Channels]

class Refine(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REFINE_UNSPECIFIED: _ClassVar[Refine]
    REFINE_AUTO: _ClassVar[Refine]
    REFINE_OFF: _ClassVar[Refine]
    REFINE_HIGH: _ClassVar[Refine]
FORMAT_UNSPECIFIED: Format
FORMAT_PNG: Format
FORMAT_JPG: Format
FORMAT_WEBP: Format
FORMAT_ZIP: Format
CHANNELS_UNSPECIFIED: Channels
CHANNELS_RGBA: Channels
CHANNELS_ALPHA: Channels
REFINE_UNSPECIFIED: Refine
REFINE_AUTO: Refine
REFINE_OFF: Refine
REFINE_HIGH: Refine

class Options(_message.Message):
    __slots__ = ("size", "format", "bg_color", "bg_image", "channels", "roi", "crop", "crop_margin", "scale", "position", "shadow", "refine", "threshold", "feather", "expand", "invert", "smooth", "keep", "erase", "mask", "trimap", "model")
    SIZE_FIELD_NUMBER: _ClassVar[int]
    FORMAT_FIELD_NUMBER: _ClassVar[int]
    BG_COLOR_FIELD_NUMBER: _ClassVar[int]
    BG_IMAGE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    ROI_FIELD_NUMBER: _ClassVar[int]
    CROP_FIELD_NUMBER: _ClassVar[int]
    CROP_MARGIN_FIELD_NUMBER: _ClassVar[int]
    SCALE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    SHADOW_FIELD_NUMBER: _ClassVar[int]
    REFINE_FIELD_NUMBER: _ClassVar[int]
    THRESHOLD_FIELD_NUMBER: _ClassVar[int]
    FEATHER_FIELD_NUMBER: _ClassVar[int]
    EXPAND_FIELD_NUMBER: _ClassVar[int]
    INVERT_FIELD_NUMBER: _ClassVar[int]
    SMOOTH_FIELD_NUMBER: _ClassVar[int]
    KEEP_FIELD_NUMBER: _ClassVar[int]
    ERASE_FIELD_NUMBER: _ClassVar[int]
    MASK_FIELD_NUMBER: _ClassVar[int]
    TRIMAP_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    size: str
    format: Format
    bg_color: str
    bg_image: bytes
    channels: Channels
    roi: str
    crop: bool
    crop_margin: str
    scale: str
    position: str
    shadow: float
    refine: Refine
    threshold: float
    feather: str
    expand: str
    invert: bool
    smooth: str
    keep: str
    erase: str
    mask: bytes
    trimap: bytes
    model: str
    def __init__(self, size: _Optional[str] = ..., format: _Optional[_Union[Format, str]] = ..., bg_color: _Optional[str] = ..., bg_image: _Optional[bytes] = ..., channels: _Optional[_Union[Channels, str]] = ..., roi: _Optional[str] = ..., crop: _Optional[bool] = ..., crop_margin: _Optional[str] = ..., scale: _Optional[str] = ..., position: _Optional[str] = ..., shadow: _Optional[float] = ..., refine: _Optional[_Union[Refine, str]] = ..., threshold: _Optional[float] = ..., feather: _Optional[str] = ..., expand: _Optional[str] = ..., invert: _Optional[bool] = ..., smooth: _Optional[str] = ..., keep: _Optional[str] = ..., erase: _Optional[str] = ..., mask: _Optional[bytes] = ..., trimap: _Optional[bytes] = ..., model: _Optional[str] = ...) -> None: ...
