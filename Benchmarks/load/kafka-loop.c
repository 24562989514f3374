/* The bare loops over librdkafka that the Kafka sink and source are measured against.
 *
 *   kafka-loop produce BOOTSTRAP TOPIC COUNT   COUNT messages of 100 bytes, 100 at a time; prints the CPU-seconds that it took
 *   kafka-loop consume BOOTSTRAP TOPIC COUNT   reads COUNT messages in a group; prints the same
 *
 * The properties are those of the components. */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define BODY 100
#define BATCH 100

static long acknowledged, failed;

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value) {
    char text[512];
    if (rd_kafka_conf_set(conf, name, value, text, sizeof text) == RD_KAFKA_CONF_OK) return;
    fprintf(stderr, "kafka-loop: %s\n", text);
    exit(2);
}

static rd_kafka_t *make(rd_kafka_type_t type, rd_kafka_conf_t *conf) {
    char text[512];
    rd_kafka_t *client = rd_kafka_new(type, conf, text, sizeof text);
    if (client) return client;
    fprintf(stderr, "kafka-loop: %s\n", text);
    exit(2);
}

static void take_reports(rd_kafka_queue_t *queue, int milliseconds) {
    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, milliseconds);
    if (!event) return;
    const rd_kafka_message_t *message;
    while ((message = rd_kafka_event_message_next(event))) message->err ? failed++ : acknowledged++;
    rd_kafka_event_destroy(event);
}

static void produce(const char *bootstrap, const char *name, long count) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "acks", "1");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "linger.ms", "0");
    set(conf, "max.in.flight.requests.per.connection", "5");
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR);
    rd_kafka_t *client = make(RD_KAFKA_PRODUCER, conf);
    rd_kafka_queue_t *queue = rd_kafka_queue_get_main(client);
    rd_kafka_topic_t *topic = rd_kafka_topic_new(client, name, NULL);
    char body[BODY];
    memset(body, 'x', sizeof body);
    rd_kafka_message_t batch[BATCH];
    memset(batch, 0, sizeof batch);
    for (int i = 0; i < BATCH; i++) batch[i].payload = body, batch[i].len = sizeof body;
    for (long sent = 0; sent < count;) {
        int size = count - sent < BATCH ? (int)(count - sent) : BATCH;
        /* As much as a sink holds: 8 batches. */
        while (sent + size - acknowledged - failed > 8 * BATCH) take_reports(queue, 1000);
        int taken = rd_kafka_produce_batch(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, batch, size);
        if (taken < size) {
            fprintf(stderr, "kafka-loop: %s\n", rd_kafka_err2str(batch[taken].err));
            exit(1);
        }
        sent += taken;
    }
    while (acknowledged + failed < count) take_reports(queue, 1000);
    printf("%.4f\n", cpu_seconds());
    exit(failed ? 1 : 0);
}

static void consume(const char *bootstrap, const char *name, long count) {
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", bootstrap);
    set(conf, "group.id", "bare");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "enable.auto.commit", "false");
    set(conf, "check.crcs", "true");
    set(conf, "fetch.max.bytes", "52428800");
    set(conf, "receive.message.max.bytes", "1000000000");
    set(conf, "isolation.level", "read_uncommitted");
    rd_kafka_t *client = make(RD_KAFKA_CONSUMER, conf);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, name, RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client, list);
    long bytes = 0;
    for (long read = 0; read < count;) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(client, 1000);
        if (!message) continue;
        if (!message->err) read++, bytes += message->len;
        rd_kafka_message_destroy(message);
    }
    printf("%.4f\n", cpu_seconds());
    rd_kafka_consumer_close(client);
    exit(bytes > 0 ? 0 : 1);
}

int main(int count, char **words) {
    if (count == 5 && !strcmp(words[1], "produce")) produce(words[2], words[3], atol(words[4]));
    if (count == 5 && !strcmp(words[1], "consume")) consume(words[2], words[3], atol(words[4]));
    fprintf(stderr, "usage: kafka-loop produce|consume BOOTSTRAP TOPIC COUNT\n");
    return 2;
}
