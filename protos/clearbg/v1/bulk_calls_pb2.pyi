import datetime

from clearbg.v1 import bulk_job_pb2 as _bulk_job_pb2
from clearbg.v1 import options_pb2 as _options_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class CreateBulkJobRequest(_message.Message):
    __slots__ = ("header", "image")
    HEADER_FIELD_NUMBER: _ClassVar[int]
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    header: BulkHeader
    image: BulkSource
    def __init__(self, header: _Optional[_Union[BulkHeader, _Mapping]] = ..., image: _Optional[_Union[BulkSource, _Mapping]] = ...) -> None: ...

class BulkHeader(_message.Message):
    __slots__ = ("options", "metadata", "webhook_url", "variants")
    OPTIONS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    WEBHOOK_URL_FIELD_NUMBER: _ClassVar[int]
    VARIANTS_FIELD_NUMBER: _ClassVar[int]
    options: _options_pb2.Options
    metadata: str
    webhook_url: str
    variants: _containers.RepeatedCompositeFieldContainer[_options_pb2.Options]
    def __init__(self, options: _Optional[_Union[_options_pb2.Options, _Mapping]] = ..., metadata: _Optional[str] = ..., webhook_url: _Optional[str] = ..., variants: _Optional[_Iterable[_Union[_options_pb2.Options, _Mapping]]] = ...) -> None: ...

class BulkSource(_message.Message):
    __slots__ = ("image", "name", "custom_id")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_ID_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    name: str
    custom_id: str
    def __init__(self, image: _Optional[bytes] = ..., name: _Optional[str] = ..., custom_id: _Optional[str] = ...) -> None: ...

class CreateBulkJobResponse(_message.Message):
    __slots__ = ("job", "replayed")
    JOB_FIELD_NUMBER: _ClassVar[int]
    REPLAYED_FIELD_NUMBER: _ClassVar[int]
    job: _bulk_job_pb2.BulkJob
    replayed: bool
    def __init__(self, job: _Optional[_Union[_bulk_job_pb2.BulkJob, _Mapping]] = ..., replayed: _Optional[bool] = ...) -> None: ...

class GetBulkJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class GetBulkJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: _bulk_job_pb2.BulkJob
    def __init__(self, job: _Optional[_Union[_bulk_job_pb2.BulkJob, _Mapping]] = ...) -> None: ...

class WatchBulkJobRequest(_message.Message):
    __slots__ = ("job_id", "resume_token")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    resume_token: str
    def __init__(self, job_id: _Optional[str] = ..., resume_token: _Optional[str] = ...) -> None: ...

class WatchBulkJobResponse(_message.Message):
    __slots__ = ("image", "job", "resume_token")
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    JOB_FIELD_NUMBER: _ClassVar[int]
    RESUME_TOKEN_FIELD_NUMBER: _ClassVar[int]
    image: _bulk_job_pb2.BulkImage
    job: _bulk_job_pb2.BulkJob
    resume_token: str
    def __init__(self, image: _Optional[_Union[_bulk_job_pb2.BulkImage, _Mapping]] = ..., job: _Optional[_Union[_bulk_job_pb2.BulkJob, _Mapping]] = ..., resume_token: _Optional[str] = ...) -> None: ...

class GetBulkResultRequest(_message.Message):
    __slots__ = ("job_id", "index")
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    index: int
    def __init__(self, job_id: _Optional[str] = ..., index: _Optional[int] = ...) -> None: ...

class GetBulkResultResponse(_message.Message):
    __slots__ = ("file", "chunk")
    FILE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    file: BulkResult
    chunk: bytes
    def __init__(self, file: _Optional[_Union[BulkResult, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class BulkResult(_message.Message):
    __slots__ = ("name", "media_type", "size_bytes", "url")
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    name: str
    media_type: str
    size_bytes: int
    url: str
    def __init__(self, name: _Optional[str] = ..., media_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., url: _Optional[str] = ...) -> None: ...

class CancelBulkJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class CancelBulkJobResponse(_message.Message):
    __slots__ = ("job",)
    JOB_FIELD_NUMBER: _ClassVar[int]
    job: _bulk_job_pb2.BulkJob
    def __init__(self, job: _Optional[_Union[_bulk_job_pb2.BulkJob, _Mapping]] = ...) -> None: ...

class DeleteBulkJobRequest(_message.Message):
    __slots__ = ("job_id",)
    JOB_ID_FIELD_NUMBER: _ClassVar[int]
    job_id: str
    def __init__(self, job_id: _Optional[str] = ...) -> None: ...

class DeleteBulkJobResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class ListBulkJobsRequest(_message.Message):
    __slots__ = ("limit", "before")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    limit: int
    before: _timestamp_pb2.Timestamp
    def __init__(self, limit: _Optional[int] = ..., before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListBulkJobsResponse(_message.Message):
    __slots__ = ("jobs", "next_before")
    JOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_BEFORE_FIELD_NUMBER: _ClassVar[int]
    jobs: _containers.RepeatedCompositeFieldContainer[_bulk_job_pb2.BulkJob]
    next_before: _timestamp_pb2.Timestamp
    def __init__(self, jobs: _Optional[_Iterable[_Union[_bulk_job_pb2.BulkJob, _Mapping]]] = ..., next_before: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
