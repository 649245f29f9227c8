#!/usr/bin/env bash
# The topic of each service, and what the service may do in Kafka, for a cluster without Strimzi (topics.yaml is for one with it).
#
#   BOOTSTRAP=broker:9092 ADMIN=admin.properties deploy/kafka/acls.sh accounts
#
# ADMIN is the client configuration of who may change topics and ACLs. Run it again at any time: what is there stays.
# PRINCIPAL is who a service is there, %s for its name: User:kams-%s, or User:CN=kams-%s,O=Acme with certificates. A user with a
# password, which is KAMS_KAFKA_USER and KAMS_KAFKA_PASSWORD of the service, is made by
#
#   kafka-configs.sh --bootstrap-server broker:9092 --command-config admin.properties --alter \
#     --entity-type users --entity-name kams-accounts --add-config 'SCRAM-SHA-512=[password=...]'
set -euo pipefail

[ $# -gt 0 ] || { sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2; }
: "${BOOTSTRAP:?host:port of a broker}" "${ADMIN:?a client configuration}"
PRINCIPAL=${PRINCIPAL:-User:kams-%s}
# In a cluster of one broker: REPLICAS=1 IN_SYNC=1.
REPLICAS=${REPLICAS:-3}
IN_SYNC=${IN_SYNC:-2}

topics() { kafka-topics.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" "$@"; }
allow() { kafka-acls.sh --bootstrap-server "$BOOTSTRAP" --command-config "$ADMIN" --force --add --allow-principal "$@"; }

for service in "$@"; do
  topic="kams.$service.v1"
  # shellcheck disable=SC2059 # the format is the setting
  who=$(printf "$PRINCIPAL" "$service")

  # 12 for ever: with another number the keys would be in other partitions, and streams out of order. Never compacted.
  topics --create --if-not-exists --topic "$topic" --partitions 12 --replication-factor "$REPLICAS" \
    --config "min.insync.replicas=$IN_SYNC" --config cleanup.policy=delete --config retention.ms=604800000

  # Publishes to its own topic: that is idempotent, which the right to write brings with it since Kafka 2.8. Its relay looks at the
  # settings of the topic, and reads what it published last. To create it is not for the service: it was made above.
  allow "$who" --topic "$topic" --operation Write --operation DescribeConfigs
  # Reads the topics of all. A consumer has a group of its own, below the name of the service.
  allow "$who" --resource-pattern-type prefixed --topic kams. --operation Read --operation Describe
  allow "$who" --resource-pattern-type prefixed --group "kams.$service." --operation Read
done
