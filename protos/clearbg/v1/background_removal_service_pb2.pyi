from clearbg.v1 import bulk_calls_pb2 as _bulk_calls_pb2
from clearbg.v1 import models_pb2 as _models_pb2
from clearbg.v1 import options_pb2 as _options_pb2
from clearbg.v1 import problem_pb2 as _problem_pb2
from clearbg.v1 import result_pb2 as _result_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RemoveBackgroundRequest(_message.Message):
    __slots__ = ("image", "image_url", "options", "variants")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    IMAGE_URL_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    image_url: str
    options: _options_pb2.Options
    variants: _containers.RepeatedCompositeFieldContainer[_options_pb2.Options]
    def __init__(self, image: _Optional[bytes] = ..., image_url: _Optional[str] = ..., options: _Optional[_Union[_options_pb2.Options, _Mapping]] = ..., variants: _Optional[_Iterable[_Union[_options_pb2.Options, _Mapping]]] = ...) -> None: ...

class RemoveBackgroundResponse(_message.Message):
    __slots__ = ("result", "variants")
    RESULT_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    result: _result_pb2.Result
    variants: _result_pb2.Results
    def __init__(self, result: _Optional[_Union[_result_pb2.Result, _Mapping]] = ..., variants: _Optional[_Union[_result_pb2.Results, _Mapping]] = ...) -> None: ...

class RemoveBackgroundStreamRequest(_message.Message):
    __slots__ = ("id", "request")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    id: str
    request: RemoveBackgroundRequest
    def __init__(self, id: _Optional[str] = ..., request: _Optional[_Union[RemoveBackgroundRequest, _Mapping]] = ...) -> None: ...

class RemoveBackgroundStreamResponse(_message.Message):
    __slots__ = ("id", "result", "problem", "variants")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    id: str
    result: _result_pb2.Result
    problem: _problem_pb2.Problem
    variants: _result_pb2.Results
    def __init__(self, id: _Optional[str] = ..., result: _Optional[_Union[_result_pb2.Result, _Mapping]] = ..., problem: _Optional[_Union[_problem_pb2.Problem, _Mapping]] = ..., variants: _Optional[_Union[_result_pb2.Results, _Mapping]] = ...) -> None: ...

class SegmentTensorRequest(_message.Message):
    __slots__ = ("image",)
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    def __init__(self, image: _Optional[bytes] = ...) -> None: ...

class SegmentTensorResponse(_message.Message):
    __slots__ = ("mask", "confidence", "model_version", "device")
    MASK_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    mask: bytes
    confidence: float
    model_version: str
    device: str
    def __init__(self, mask: _Optional[bytes] = ..., confidence: _Optional[float] = ..., model_version: _Optional[str] = ..., device: _Optional[str] = ...) -> None: ...
