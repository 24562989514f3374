#ifndef TRIBUTARY_COPENSSL_SHIM_H
#define TRIBUTARY_COPENSSL_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Swift imports neither macros with arguments nor stacks by type: each wrapper below is one of those, and no more.

static inline int COpenSSL_CTX_set_min_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int COpenSSL_CTX_set_max_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

static inline void COpenSSL_CTX_set_mode(SSL_CTX *context, long mode) {
    SSL_CTX_set_mode(context, mode);
}

static inline void COpenSSL_CTX_no_session_cache(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int COpenSSL_CTX_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

static inline uint64_t COpenSSL_context_options(void) {
    return SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE;
}

static inline int COpenSSL_set_server_name(SSL *ssl, const char *name) {
    return (int)SSL_set_tlsext_host_name(ssl, name);
}

static inline void COpenSSL_BIO_clear_retry(BIO *bio) {
    BIO_clear_retry_flags(bio);
}

static inline void COpenSSL_BIO_set_retry_read(BIO *bio) {
    BIO_set_retry_read(bio);
}

static inline long COpenSSL_BIO_memory(BIO *bio, char **bytes) {
    return BIO_get_mem_data(bio, bytes);
}

static inline int COpenSSL_error_reason(unsigned long code) {
    return ERR_GET_REASON(code);
}

static inline int COpenSSL_error_library(unsigned long code) {
    return ERR_GET_LIB(code);
}

static inline unsigned long COpenSSL_rfc2253(void) {
    return XN_FLAG_RFC2253;
}

static inline int COpenSSL_is_data(const PKCS7 *content) {
    return PKCS7_type_is_data(content);
}

static inline int COpenSSL_is_encrypted(const PKCS7 *content) {
    return PKCS7_type_is_encrypted(content);
}

static inline int COpenSSL_contents_count(const STACK_OF(PKCS7) *stack) {
    return stack == NULL ? 0 : sk_PKCS7_num(stack);
}

static inline PKCS7 *COpenSSL_contents_at(const STACK_OF(PKCS7) *stack, int index) {
    return sk_PKCS7_value(stack, index);
}

static inline void COpenSSL_contents_free(STACK_OF(PKCS7) *stack) {
    sk_PKCS7_pop_free(stack, PKCS7_free);
}

static inline int COpenSSL_bags_count(const STACK_OF(PKCS12_SAFEBAG) *stack) {
    return stack == NULL ? 0 : sk_PKCS12_SAFEBAG_num(stack);
}

static inline PKCS12_SAFEBAG *COpenSSL_bags_at(const STACK_OF(PKCS12_SAFEBAG) *stack, int index) {
    return sk_PKCS12_SAFEBAG_value(stack, index);
}

static inline void COpenSSL_bags_free(STACK_OF(PKCS12_SAFEBAG) *stack) {
    sk_PKCS12_SAFEBAG_pop_free(stack, PKCS12_SAFEBAG_free);
}

static inline int COpenSSL_ciphers_count(const STACK_OF(SSL_CIPHER) *stack) {
    return stack == NULL ? 0 : sk_SSL_CIPHER_num(stack);
}

static inline const SSL_CIPHER *COpenSSL_ciphers_at(const STACK_OF(SSL_CIPHER) *stack, int index) {
    return sk_SSL_CIPHER_value(stack, index);
}

#endif
