// How this process speaks to Kafka, by its settings.
import type { KafkaOptions } from '@kams/eventing/bus/kafka/kafka-bus';
import type { Config } from '../config/settings';

type Told = Pick<Config, 'kafkaBrokers' | 'kafkaTls' | 'kafkaUser' | 'kafkaPassword'>;

/** Undefined where there is no Kafka. */
export function kafkaOptions({ kafkaBrokers, kafkaTls, kafkaUser, kafkaPassword }: Told): KafkaOptions | undefined {
  if (!kafkaBrokers) return undefined;
  const user = kafkaUser === undefined ? undefined : { name: kafkaUser, password: kafkaPassword!.reveal() };
  return { brokers: kafkaBrokers, security: { tls: kafkaTls, user } };
}
