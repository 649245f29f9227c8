// The two ways by which the client appends: a call for each, and one stream for all.
import { status, type ServerDuplexStream, type ServerReadableStream, type sendUnaryData } from '@grpc/grpc-js';
import {
  AllStreamPosition,
  Empty,
  MaximumAppendSizeExceeded,
  StreamDeleted,
  WrongExpectedVersion as WrongVersion,
} from '@eventstore/db-client/generated/shared_pb';
import { Status } from '@eventstore/db-client/generated/status_pb';
import { AppendReq, AppendResp, BatchAppendReq, BatchAppendResp } from '@eventstore/db-client/generated/streams_pb';
import { Any } from 'google-protobuf/google/protobuf/any_pb';
import { Empty as GoogleEmpty } from 'google-protobuf/google/protobuf/empty_pb';
import type { Faults } from './faults';
import type { Expected, Log, Outcome, Proposed } from './log';
import { identifier, nameOf, proposedOf, refusal } from './wire';

const UNKNOWN = 2;
/** The default of a server. */
const MOST_BYTES = 1_048_576;

const bytesOf = (proposed: readonly Proposed[]): number =>
  proposed.reduce((sum, { type, data, metadata }) => sum + 2 * type.length + data.length + metadata.length, 0);

export function appendCall(log: Log, faults: Faults) {
  return async (call: ServerReadableStream<AppendReq, AppendResp>, answer: sendUnaryData<AppendResp>): Promise<void> => {
    let options: AppendReq.Options | undefined;
    const proposed: Proposed[] = [];
    for await (const message of call as AsyncIterable<AppendReq>) {
      if (message.hasOptions()) options = message.getOptions();
      else proposed.push(proposedOf(message.getProposedMessage()!));
    }
    await faults.beforeAppend();
    if (call.cancelled) return;
    if (!faults.isReady) return answer(refusal(status.UNAVAILABLE, 'Server Is Not Ready', {}));
    if (bytesOf(proposed) > MOST_BYTES) {
      const trailers = { exception: 'maximum-append-size-exceeded', 'maximum-append-size': String(MOST_BYTES) };
      return answer(refusal(status.INVALID_ARGUMENT, 'too large', trailers));
    }
    const stream = nameOf(options!.getStreamIdentifier());
    const expected = expectedOf(options!);
    const outcome = log.append(stream, expected, proposed);
    if (faults.isLost()) return;
    if (outcome.is !== 'deleted') return answer(null, answered(outcome, expected));
    answer(refusal(status.FAILED_PRECONDITION, 'stream deleted', { exception: 'stream-deleted', 'stream-name': stream }));
  };
}

/** Both ways have a message of their own for a place. */
function at<P extends { setCommitPosition(it: string): unknown; setPreparePosition(it: string): unknown }>(
  place: P,
  position: bigint,
): P {
  place.setCommitPosition(position.toString());
  place.setPreparePosition(position.toString());
  return place;
}

function answered(outcome: Exclude<Outcome, { is: 'deleted' }>, expected: Expected): AppendResp {
  const response = new AppendResp();
  if (outcome.is === 'written') {
    const { revision, position } = outcome.last;
    const success = new AppendResp.Success();
    success.setCurrentRevision(revision.toString());
    success.setPosition(at(new AppendResp.Position(), position));
    response.setSuccess(success);
    return response;
  }
  const wrong = new AppendResp.WrongExpectedVersion();
  if (outcome.current === undefined) wrong.setCurrentNoStream(new Empty());
  else wrong.setCurrentRevision(outcome.current.toString());
  if (typeof expected === 'bigint') wrong.setExpectedRevision(expected.toString());
  else if (expected === 'none') wrong.setExpectedNoStream(new Empty());
  else if (expected === 'exists') wrong.setExpectedStreamExists(new Empty());
  else wrong.setExpectedAny(new Empty());
  response.setWrongExpectedVersion(wrong);
  return response;
}

const expectedOf = (options: AppendReq.Options): Expected => {
  if (options.hasRevision()) return BigInt(options.getRevision());
  return options.hasNoStream() ? 'none' : options.hasStreamExists() ? 'exists' : 'any';
};

export function batchAppendCall(log: Log, faults: Faults) {
  return (call: ServerDuplexStream<BatchAppendReq, BatchAppendResp>): void => {
    /** Appends that have not come whole yet. */
    const coming = new Map<string, { readonly options: BatchAppendReq.Options; readonly proposed: Proposed[] }>();
    /** One after the other, as they came. */
    let last: Promise<void> = Promise.resolve();

    call.on('data', (message: BatchAppendReq) => {
      const id = message.getCorrelationId()!.getString();
      if (message.hasOptions()) coming.set(id, { options: message.getOptions()!, proposed: [] });
      const it = coming.get(id)!;
      it.proposed.push(...message.getProposedMessagesList().map(proposedOf));
      if (!message.getIsFinal()) return;
      coming.delete(id);
      last = last.then(() => handle(message, it.options, it.proposed));
    });
    call.on('error', () => undefined);
    call.on('end', () => call.end());

    async function handle(
      message: BatchAppendReq,
      options: BatchAppendReq.Options,
      proposed: readonly Proposed[],
    ): Promise<void> {
      await faults.beforeAppend();
      if (call.cancelled) return;
      const stream = nameOf(options.getStreamIdentifier());
      const expected = batchExpectedOf(options);
      const response = new BatchAppendResp();
      response.setCorrelationId(message.getCorrelationId());
      response.setStreamIdentifier(identifier(stream));
      if (!faults.isReady) response.setError(failure('Server Is Not Ready', packed(new GoogleEmpty(), 'google.protobuf.Empty')));
      else if (bytesOf(proposed) > MOST_BYTES) {
        const tooLarge = new MaximumAppendSizeExceeded().setMaxappendsize(MOST_BYTES);
        response.setError(failure('too large', packed(tooLarge, 'event_store.client.MaximumAppendSizeExceeded')));
      } else {
        fill(response, stream, expected, log.append(stream, expected, proposed));
        if (faults.isLost()) return;
      }
      call.write(response);
    }
  };
}

function fill(response: BatchAppendResp, stream: string, expected: Expected, outcome: Outcome): void {
  if (outcome.is === 'written') {
    const { revision, position } = outcome.last;
    const success = new BatchAppendResp.Success();
    success.setCurrentRevision(revision.toString());
    success.setPosition(at(new AllStreamPosition(), position));
    response.setSuccess(success);
  } else if (outcome.is === 'deleted') {
    const deleted = new StreamDeleted();
    deleted.setStreamIdentifier(identifier(stream));
    response.setError(failure('deleted', packed(deleted, 'event_store.client.StreamDeleted')));
  } else {
    const wrong = new WrongVersion();
    if (outcome.current === undefined) wrong.setCurrentNoStream(new GoogleEmpty());
    else wrong.setCurrentStreamRevision(outcome.current.toString());
    if (typeof expected === 'bigint') wrong.setExpectedStreamPosition(expected.toString());
    else if (expected === 'none') wrong.setExpectedNoStream(new GoogleEmpty());
    else if (expected === 'exists') wrong.setExpectedStreamExists(new GoogleEmpty());
    else wrong.setExpectedAny(new GoogleEmpty());
    response.setError(failure('wrong version', packed(wrong, 'event_store.client.WrongExpectedVersion')));
  }
}

const batchExpectedOf = (options: BatchAppendReq.Options): Expected => {
  if (options.hasStreamPosition()) return BigInt(options.getStreamPosition());
  return options.hasNoStream() ? 'none' : options.hasStreamExists() ? 'exists' : 'any';
};

function packed(message: { serializeBinary(): Uint8Array }, type: string): Any {
  const it = new Any();
  it.pack(message.serializeBinary(), type);
  return it;
}

function failure(message: string, details: Any): Status {
  const it = new Status();
  it.setCode(UNKNOWN);
  it.setMessage(message);
  it.setDetails(details);
  return it;
}
