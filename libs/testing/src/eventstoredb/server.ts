// A double of EventStoreDB that speaks its protocol, in memory. The client under test is the real one, over real connections:
// what goes wrong with EventStoreDB goes wrong in the client. It is built on the client's own messages, so it serves that client
// only. It says nothing about the speed of a server, and it is what we believe that a server does.
import {
  Server,
  ServerCredentials,
  type sendUnaryData,
  type ServerUnaryCall,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { GossipService } from '@eventstore/db-client/generated/gossip_grpc_pb';
import { ClusterInfo, EndPoint, MemberInfo } from '@eventstore/db-client/generated/gossip_pb';
import { ServerFeaturesService } from '@eventstore/db-client/generated/serverfeatures_grpc_pb';
import { SupportedMethod, SupportedMethods } from '@eventstore/db-client/generated/serverfeatures_pb';
import { Empty } from '@eventstore/db-client/generated/shared_pb';
import { StreamsService } from '@eventstore/db-client/generated/streams_grpc_pb';
import { TombstoneReq, TombstoneResp } from '@eventstore/db-client/generated/streams_pb';
import { randomUUID } from 'node:crypto';
import { appendCall, batchAppendCall } from './append';
import { Faults } from './faults';
import { Log } from './log';
import { readCall, type Counts } from './read';
import { nameOf, uuid } from './wire';

export interface DoubleOptions {
  /** Without it the client makes a call for each append. */
  readonly batchAppend?: boolean;
  readonly port?: number;
}

export interface EventStoreDbDouble {
  /** For one node, as the client takes it. */
  readonly url: string;
  /** For a cluster, which the client asks who leads. */
  readonly clusterUrl: string;
  readonly log: Log;
  readonly faults: Faults;
  readonly counts: Counts;
  /** Cuts every connection and listens no more, until `comeBack`. What is stored stays. */
  kill(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

const VERSION = '23.10.1';
const STREAMS = 'event_store.client.streams.streams';
const LARGEST_MESSAGE = 32 * 1024 * 1024;

export async function eventStoreDbDouble({ batchAppend = true, port = 0 }: DoubleOptions = {}): Promise<EventStoreDbDouble> {
  const log = new Log();
  const faults = new Faults();
  const counts: Counts = { sent: 0, subscribedFrom: [] };
  let server: Server | undefined;
  let bound = port;

  async function comeBack(): Promise<void> {
    const next = new Server({ 'grpc.max_receive_message_length': LARGEST_MESSAGE });
    next.addService(implementable(ServerFeaturesService), { getSupportedMethods: supportedMethods(batchAppend) });
    next.addService(implementable(GossipService), { read: gossip(() => bound) });
    next.addService(implementable(StreamsService), {
      append: appendCall(log, faults),
      batchAppend: batchAppendCall(log, faults),
      read: readCall(log, faults, counts),
      tombstone: (call: ServerUnaryCall<TombstoneReq, TombstoneResp>, answer: sendUnaryData<TombstoneResp>) => {
        log.tombstone(nameOf(call.request.getOptions()!.getStreamIdentifier()));
        answer(null, new TombstoneResp().setNoPosition(new Empty()));
      },
    });
    bound = await new Promise<number>((resolve, reject) =>
      next.bindAsync(`127.0.0.1:${bound}`, ServerCredentials.createInsecure(), (error, it) =>
        error ? reject(error) : resolve(it),
      ),
    );
    server = next;
  }

  async function kill(): Promise<void> {
    server?.forceShutdown();
    server = undefined;
    faults.thaw();
    // Its sessions are destroyed in the turns after this one.
    await new Promise((done) => setTimeout(done, 10));
  }

  await comeBack();
  return {
    url: `esdb://127.0.0.1:${bound}?tls=false`,
    clusterUrl: `esdb+discover://127.0.0.1:${bound}?tls=false`,
    log,
    faults,
    counts,
    kill,
    comeBack,
    close: kill,
  };
}

/** The generated description of a service has more than the types of the server expect. */
const implementable = (service: unknown) => service as Parameters<Server['addService']>[0] & UntypedServiceImplementation;

const supportedMethods =
  (batchAppend: boolean) =>
  (_: unknown, answer: sendUnaryData<SupportedMethods>): void => {
    const all = new SupportedMethods().setEventStoreServerVersion(VERSION);
    const names = ['read', 'append', 'tombstone', ...(batchAppend ? ['batchappend'] : [])];
    for (const name of names) all.addMethods(new SupportedMethod().setServiceName(STREAMS).setMethodName(name));
    answer(null, all);
  };

const gossip =
  (port: () => number) =>
  (_: unknown, answer: sendUnaryData<ClusterInfo>): void => {
    const endPoint = new EndPoint().setAddress('127.0.0.1').setPort(port());
    const leader = new MemberInfo().setState(MemberInfo.VNodeState.LEADER).setIsAlive(true);
    leader.setHttpEndPoint(endPoint).setInstanceId(uuid(randomUUID()));
    const info = new ClusterInfo();
    info.addMembers(leader);
    answer(null, info);
  };
