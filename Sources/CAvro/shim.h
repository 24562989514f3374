#include <avro.h>

// libavro's value calls are macros over a table of functions; Swift needs functions.

static inline void tributary_avro_class_free(avro_value_iface_t *iface) { avro_value_iface_decref(iface); }

static inline int tributary_avro_append(avro_value_t *array, avro_value_t *element) {
    return avro_value_append(array, element, NULL);
}

static inline int tributary_avro_add(avro_value_t *map, const char *key, avro_value_t *element) {
    return avro_value_add(map, key, element, NULL, NULL);
}

static inline int tributary_avro_field(const avro_value_t *record, const char *name, avro_value_t *field) {
    return avro_value_get_by_name(record, name, field, NULL);
}

static inline int tributary_avro_at(const avro_value_t *value, size_t index, avro_value_t *element, const char **key) {
    return avro_value_get_by_index(value, index, element, key);
}

static inline int tributary_avro_count(const avro_value_t *value, size_t *count) {
    return avro_value_get_size(value, count);
}

static inline int tributary_avro_set_string(avro_value_t *value, const char *text) {
    return avro_value_set_string(value, text);
}

static inline int tributary_avro_get_string(const avro_value_t *value, const char **text, size_t *size) {
    return avro_value_get_string(value, text, size);
}

static inline int tributary_avro_set_bytes(avro_value_t *value, void *bytes, size_t size) {
    return avro_value_set_bytes(value, bytes, size);
}

static inline int tributary_avro_get_bytes(const avro_value_t *value, const void **bytes, size_t *size) {
    return avro_value_get_bytes(value, bytes, size);
}
