/** Parses server-sent events (WHATWG HTML, 9.2.6). */

/** One event. */
export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
  /** Sent as `Last-Event-ID`, it resumes the stream after this event. */
  readonly id: string;
}

/** Yield the events of a stream; one that the stream's end cuts short is dropped. */
export async function* events(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let fields: Record<string, string> = {};
  for await (const line of lines(pieces)) {
    if (line === "") {
      const { event = "message", data, id = "" } = fields;
      if (data !== undefined) yield { event, data, id };
      fields = {};
    } else if (!line.startsWith(":")) {
      const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/.exec(line) ?? [];
      const before = name === "data" ? fields[name] : undefined;
      fields[name] = before === undefined ? value : `${before}\n${value}`;
    }
  }
}

async function* lines(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of pieces) {
    text += decoder.decode(piece, { stream: true });
    // A CR at the end may be half of a CRLF.
    const complete = text.split(/\r\n|\n|\r(?!$)/);
    text = complete.pop() ?? "";
    yield* complete;
  }
}
