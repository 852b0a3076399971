import datetime

from clearbg.v1 import problem_pb2 as _problem_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class BulkJobStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BULK_JOB_STATUS_UNSPECIFIED: _ClassVar[BulkJobStatus]
    BULK_JOB_STATUS_PROCESSING: _ClassVar[BulkJobStatus]
    BULK_JOB_STATUS_COMPLETED: _ClassVar[BulkJobStatus]
    BULK_JOB_STATUS_PARTIAL: _ClassVar[BulkJobStatus]
    BULK_JOB_STATUS_FAILED: _ClassVar[BulkJobStatus]
    BULK_JOB_STATUS_CANCELED: _ClassVar[BulkJobStatus]
    BULK_JOB_STATUS_EXPIRED: _ClassVar[BulkJobStatus]

class BulkImageStatus(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    BULK_IMAGE_STATUS_UNSPECIFIED: _ClassVar[BulkImageStatus]
    BULK_IMAGE_STATUS_PENDING: _ClassVar[BulkImageStatus]
    BULK_IMAGE_STATUS_SUCCEEDED: _ClassVar[BulkImageStatus]
    BULK_IMAGE_STATUS_FAILED: _ClassVar[BulkImageStatus]
    BULK_IMAGE_STATUS_CANCELED: _ClassVar[BulkImageStatus]
BULK_JOB_STATUS_UNSPECIFIED: BulkJobStatus
BULK_JOB_STATUS_PROCESSING: BulkJobStatus
BULK_JOB_STATUS_COMPLETED: BulkJobStatus
BULK_JOB_STATUS_PARTIAL: BulkJobStatus
BULK_JOB_STATUS_FAILED: BulkJobStatus
BULK_JOB_STATUS_CANCELED: BulkJobStatus
BULK_JOB_STATUS_EXPIRED: BulkJobStatus
BULK_IMAGE_STATUS_UNSPECIFIED: BulkImageStatus
BULK_IMAGE_STATUS_PENDING: BulkImageStatus
BULK_IMAGE_STATUS_SUCCEEDED: BulkImageStatus
BULK_IMAGE_STATUS_FAILED: BulkImageStatus
BULK_IMAGE_STATUS_CANCELED: BulkImageStatus

class BulkJob(_message.Message):
    __slots__ = ("job_id", "status", "counts", "created_at", "started_at", "finished_at", "canceled_at", "expires_at", "metadata", "webhook_url", "images")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    CANCELED_AT_FIELD_NUMBER: _ClassVar[int]
    EXPIRES_AT_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_URL_FIELD_NUMBER: _ClassVar[int]
    IMAGES_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    status: BulkJobStatus
    counts: BulkCounts
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    canceled_at: _timestamp_pb2.Timestamp
    expires_at: _timestamp_pb2.Timestamp
    metadata: str
    webhook_url: str
    images: _containers.RepeatedCompositeFieldContainer[BulkImage]
    def __init__(self, job_id: _Optional[str] = ..., status: _Optional[_Union[BulkJobStatus, str]] = ..., counts: _Optional[_Union[BulkCounts, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., canceled_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expires_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[str] = ..., webhook_url: _Optional[str] = ..., images: _Optional[_Iterable[_Union[BulkImage, _Mapping]]] = ...) -> None: ...

class BulkCounts(_message.Message):
    __slots__ = ("total", "pending", "succeeded", "failed", "canceled")
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    SUCCEEDED_FIELD_NUMBER: _ClassVar[int]
    FAILED_FIELD_NUMBER: _ClassVar[int]
    CANCELED_FIELD_NUMBER: _ClassVar[int]
    total: int
    pending: int
    succeeded: int
    failed: int
    canceled: int
    def __init__(self, total: _Optional[int] = ..., pending: _Optional[int] = ..., succeeded: _Optional[int] = ..., failed: _Optional[int] = ..., canceled: _Optional[int] = ...) -> None: ...

class BulkImage(_message.Message):
    __slots__ = ("index", "name", "custom_id", "status", "media_type", "width", "height", "size_bytes", "problem")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROBLEM_FIELD_NUMBER: _ClassVar[int]
    index: int
    name: str
    custom_id: str
    status: BulkImageStatus
    media_type: str
    width: int
    height: int
    size_bytes: int
    problem: _problem_pb2.Problem
    def __init__(self, index: _Optional[int] = ..., name: _Optional[str] = ..., custom_id: _Optional[str] = ..., status: _Optional[_Union[BulkImageStatus, str]] = ..., media_type: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., size_bytes: _Optional[int] = ..., problem: _Optional[_Union[_problem_pb2.Problem, _Mapping]] = ...) -> None: ...
