// Between the messages of the protocol, as the client's own package has them, and what the double works with.
import { Metadata, type ServiceError, type status } from '@grpc/grpc-js';
import { StreamIdentifier, UUID } from '@eventstore/db-client/generated/shared_pb';
import { ReadResp } from '@eventstore/db-client/generated/streams_pb';
import type { Entry, Proposed } from './log';

export const uuid = (text: string): UUID => {
  const it = new UUID();
  it.setString(text);
  return it;
};

export const identifier = (stream: string): StreamIdentifier => {
  const it = new StreamIdentifier();
  it.setStreamName(Buffer.from(stream));
  return it;
};

export const nameOf = (it: StreamIdentifier | undefined): string => Buffer.from(it!.getStreamName_asU8()).toString();

interface ProposedMessage {
  getId(): UUID | undefined;
  getMetadataMap(): { get(key: string): string | undefined };
  getData_asU8(): Uint8Array;
  getCustomMetadata_asU8(): Uint8Array;
}
export const proposedOf = (it: ProposedMessage): Proposed => ({
  id: it.getId()!.getString(),
  type: it.getMetadataMap().get('type')!,
  contentType: it.getMetadataMap().get('content-type')!,
  data: it.getData_asU8(),
  metadata: it.getCustomMetadata_asU8(),
});

export function eventMessage(entry: Entry): ReadResp {
  const position = entry.position.toString();
  const recorded = new ReadResp.ReadEvent.RecordedEvent();
  recorded.setId(uuid(entry.id));
  recorded.setStreamIdentifier(identifier(entry.stream));
  recorded.setStreamRevision(entry.revision.toString());
  recorded.setCommitPosition(position);
  recorded.setPreparePosition(position);
  recorded.setData(entry.data);
  recorded.setCustomMetadata(entry.metadata);
  const map = recorded.getMetadataMap();
  map.set('type', entry.type);
  map.set('content-type', entry.contentType);
  map.set('created', entry.created.toString());
  const event = new ReadResp.ReadEvent();
  event.setEvent(recorded);
  event.setCommitPosition(position);
  const message = new ReadResp();
  message.setEvent(event);
  return message;
}

/** With what the client makes its own errors of: `exception` and what belongs to it. */
export function refusal(code: status, details: string, trailers: Readonly<Record<string, string>>): ServiceError {
  const metadata = new Metadata();
  for (const [key, value] of Object.entries(trailers)) metadata.set(key, value);
  return Object.assign(new Error(details), { code, details, metadata });
}
