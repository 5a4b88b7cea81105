#include "webhook/cert/cert.h"

#include <errno.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "injector/base/err.h"
#include "tests/harness.h"
#include "webhook/cert/issue.h"

#define DAY   86400L
#define START 1800000000L

static const char *const names[] = {"farguard-webhook", "farguard-webhook.farguard",
                                    "farguard-webhook.farguard.svc",
                                    "farguard-webhook.farguard.svc.cluster.local", NULL};
static const struct cert_terms terms = {names, 3650 * DAY, 90 * DAY, 30 * DAY};

static void make(struct cert *out, time_t now)
{
	struct cert none = {0};
	struct err err = {0};

	assert_int_equal(cert_renew(&none, CERT_CA_DUE, &terms, now, out, &err), 0);
}

static enum cert_state state_of(const struct cert *cert, time_t now)
{
	const char *why = NULL;
	enum cert_state state = cert_check(cert, &terms, now, &why);

	assert_non_null(why);
	assert_int_equal(state == CERT_GOOD, *why == '\0');
	return state;
}

static char *swap(char **slot, char *value)
{
	char *old = *slot;

	*slot = value;
	return old;
}

static void new_set_is_good_until_it_is_due(void **state)
{
	struct cert cert;

	(void)state;
	make(&cert, START);
	assert_int_equal(state_of(&cert, START), CERT_GOOD);
	assert_int_equal(state_of(&cert, START + 29 * DAY), CERT_GOOD);
	assert_int_equal(state_of(&cert, START + 30 * DAY), CERT_LEAF_DUE);
	assert_int_equal(state_of(&cert, START + 91 * DAY), CERT_LEAF_DUE);
	assert_int_equal(state_of(&cert, START + 2430 * DAY), CERT_LEAF_DUE);
	assert_int_equal(state_of(&cert, START + 2440 * DAY), CERT_CA_DUE);
	assert_int_equal(state_of(&cert, START - DAY), CERT_CA_DUE);
	assert_true(cert_is_usable(&cert, names, START + 89 * DAY));
	assert_false(cert_is_usable(&cert, names, START + 91 * DAY));
	assert_int_equal(cert_expiry(cert.tls_crt), START + 90 * DAY);
	cert_done(&cert);
	cert_done(&cert);
}

static void missing_and_foreign_parts_are_due(void **state)
{
	struct cert a, b, none = {0};
	char *kept;

	(void)state;
	make(&a, START);
	make(&b, START);
	assert_int_equal(state_of(&none, START), CERT_CA_DUE);
	assert_false(cert_is_usable(&none, names, START));
	kept = swap(&a.tls_crt, NULL);
	assert_int_equal(state_of(&a, START), CERT_LEAF_DUE);
	a.tls_crt = kept;
	kept = swap(&a.tls_key, b.tls_key);
	assert_int_equal(state_of(&a, START), CERT_LEAF_DUE);
	assert_false(cert_is_usable(&a, names, START));
	a.tls_key = kept;
	kept = swap(&a.ca_key, b.ca_key);
	assert_int_equal(state_of(&a, START), CERT_CA_DUE);
	a.ca_key = kept;
	/* Another authority of the same name: the signature decides. */
	kept = swap(&a.ca_crt, b.ca_crt);
	assert_false(cert_is_usable(&a, names, START));
	a.ca_crt = kept;
	assert_int_equal(state_of(&a, START), CERT_GOOD);
	/* A leaf is no authority. */
	kept = swap(&a.ca_crt, a.tls_crt);
	char *key = swap(&a.ca_key, a.tls_key);
	assert_int_equal(state_of(&a, START), CERT_CA_DUE);
	a.ca_crt = kept;
	a.ca_key = key;
	cert_done(&a);
	cert_done(&b);
}

static void leaf_of_other_names_is_due(void **state)
{
	static const char *const others[] = {"farguard-webhook", "farguard-webhook.other", NULL};
	struct cert_terms other = terms;
	const char *why;
	struct cert cert;

	(void)state;
	make(&cert, START);
	other.names = others;
	assert_int_equal(cert_check(&cert, &other, START, &why), CERT_LEAF_DUE);
	cert_done(&cert);
}

static void renewed_leaf_keeps_its_authority(void **state)
{
	struct cert old, fresh;
	struct err err = {0};

	(void)state;
	make(&old, START);
	assert_int_equal(cert_renew(&old, CERT_LEAF_DUE, &terms, START + 31 * DAY, &fresh, &err),
	                 0);
	assert_string_equal(fresh.ca_crt, old.ca_crt);
	assert_string_equal(fresh.ca_key, old.ca_key);
	assert_string_not_equal(fresh.tls_crt, old.tls_crt);
	assert_string_not_equal(fresh.tls_key, old.tls_key);
	assert_int_equal(state_of(&fresh, START + 31 * DAY), CERT_GOOD);
	assert_false(cert_equal(&old, &fresh));
	assert_true(cert_equal(&old, &old));
	cert_done(&old);
	cert_done(&fresh);
}

static size_t count_of(const char *text, const char *part)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
		n++;
	return n;
}

static void renewed_authority_stands_before_the_old_one(void **state)
{
	struct cert old, fresh, again;
	struct err err = {0};
	time_t now = START + 2440 * DAY;

	(void)state;
	make(&old, START);
	assert_int_equal(cert_renew(&old, CERT_CA_DUE, &terms, now, &fresh, &err), 0);
	assert_int_equal(count_of(fresh.ca_crt, "BEGIN CERTIFICATE"), 2);
	assert_non_null(strstr(fresh.ca_crt, old.ca_crt));
	assert_int_equal(state_of(&fresh, now), CERT_GOOD);
	/* Only the last predecessor is kept, and none that has ended. */
	assert_int_equal(cert_renew(&fresh, CERT_CA_DUE, &terms, now, &again, &err), 0);
	assert_int_equal(count_of(again.ca_crt, "BEGIN CERTIFICATE"), 2);
	assert_null(strstr(again.ca_crt, old.ca_crt));
	cert_done(&again);
	assert_int_equal(cert_renew(&old, CERT_CA_DUE, &terms, START + 3651 * DAY, &again, &err),
	                 0);
	assert_int_equal(count_of(again.ca_crt, "BEGIN CERTIFICATE"), 1);
	cert_done(&again);
	cert_done(&old);
	cert_done(&fresh);
}

static void leaf_names_the_server_and_nothing_more(void **state)
{
	struct cert cert;
	X509 *leaf;

	(void)state;
	make(&cert, START);
	leaf = issue_parse_cert(cert.tls_crt);
	for (size_t i = 0; names[i]; i++)
		assert_int_equal(X509_check_host(leaf, names[i], 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(leaf, "other.farguard.svc", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ca(leaf), 0);
	assert_int_equal(X509_check_purpose(leaf, X509_PURPOSE_SSL_SERVER, 0), 1);
	assert_int_equal(X509_check_purpose(leaf, X509_PURPOSE_SSL_CLIENT, 0), 0);
	X509_free(leaf);
	cert_done(&cert);
}

static void bundle_vouches_for_what_one_of_it_has_signed(void **state)
{
	struct cert first, second, renewed;
	char bundle[8192], chain[8192];
	struct err err = {0};

	(void)state;
	make(&first, START);
	make(&second, START);
	assert_true(cert_vouches(first.ca_crt, first.tls_crt, names[0], START));
	assert_true(cert_vouches(first.ca_crt, first.tls_crt, names[2], START));
	assert_false(cert_vouches(second.ca_crt, first.tls_crt, names[0], START));
	assert_false(cert_vouches(first.ca_crt, first.tls_crt, "other.farguard.svc", START));
	assert_false(cert_vouches(first.ca_crt, first.tls_crt, names[0], START + 91 * DAY));
	assert_false(cert_vouches(first.ca_crt, first.tls_crt, names[0], START - DAY));
	snprintf(bundle, sizeof(bundle), "# a comment\n%s\n%s", second.ca_crt, first.ca_crt);
	assert_true(cert_vouches(bundle, first.tls_crt, names[0], START));
	assert_true(cert_vouches(bundle, second.tls_crt, names[0], START));
	snprintf(chain, sizeof(chain), "%s%s", first.tls_crt, first.ca_crt);
	assert_true(cert_vouches(bundle, chain, names[0], START));
	/* As Go has it, what stands in the bundle itself needs nobody else. */
	assert_true(cert_vouches(first.tls_crt, first.tls_crt, names[0], START));
	assert_false(cert_vouches("", first.tls_crt, names[0], START));
	assert_false(cert_vouches("garbage", first.tls_crt, names[0], START));
	assert_false(cert_vouches(first.ca_crt, "", names[0], START));
	assert_false(cert_vouches(first.ca_crt, NULL, names[0], START));
	/* The overlap: whoever still serves the old certificate is trusted with the new bundle. */
	assert_int_equal(cert_renew(&first, CERT_CA_DUE, &terms, START, &renewed, &err), 0);
	assert_true(cert_vouches(renewed.ca_crt, first.tls_crt, names[0], START));
	assert_true(cert_vouches(renewed.ca_crt, renewed.tls_crt, names[0], START));
	assert_false(cert_vouches(first.ca_crt, renewed.tls_crt, names[0], START));
	cert_done(&first);
	cert_done(&second);
	cert_done(&renewed);
}

static void bundle_of_too_many_is_none(void **state)
{
	struct cert cert;
	size_t len;
	char *bundle;

	(void)state;
	make(&cert, START);
	len = strlen(cert.ca_crt);
	bundle = calloc(CERT_BUNDLE_MAX + 1, len + 1);
	assert_non_null(bundle);
	for (size_t i = 0; i < CERT_BUNDLE_MAX; i++)
		memcpy(bundle + i * len, cert.ca_crt, len);
	assert_true(cert_vouches(bundle, cert.tls_crt, names[0], START));
	memcpy(bundle + CERT_BUNDLE_MAX * len, cert.ca_crt, len);
	assert_false(cert_vouches(bundle, cert.tls_crt, names[0], START));
	free(bundle);
	cert_done(&cert);
}

static void certificate_of_others_is_looked_at_before_it_is_served(void **state)
{
	struct cert cert, other;

	(void)state;
	make(&cert, START);
	make(&other, START);
	assert_null(cert_fault(cert.tls_crt, cert.tls_key, names[0], START));
	assert_non_null(cert_fault(cert.tls_crt, other.tls_key, names[0], START));
	assert_non_null(cert_fault(cert.tls_crt, cert.tls_key, "other", START));
	assert_non_null(cert_fault(cert.tls_crt, cert.tls_key, names[0], START + 91 * DAY));
	assert_non_null(cert_fault(NULL, cert.tls_key, names[0], START));
	assert_non_null(cert_fault(cert.tls_crt, NULL, names[0], START));
	assert_non_null(cert_fault("", "", names[0], START));
	/* A clock that is behind by hours is no reason to serve nothing. */
	assert_null(cert_fault(cert.tls_crt, cert.tls_key, names[0], START - DAY));
	cert_done(&cert);
	cert_done(&other);
}

/* Replicas whose clocks differ by minutes take what the other one has made. */
static void clocks_that_differ_agree(void **state)
{
	struct cert cert;

	(void)state;
	make(&cert, START);
	assert_int_equal(state_of(&cert, START - 59 * 60), CERT_GOOD);
	assert_int_equal(state_of(&cert, START + 59 * 60), CERT_GOOD);
	assert_int_equal(state_of(&cert, START + DAY), CERT_GOOD);
	cert_done(&cert);
}

static void prefix_of_a_pem_text_is_no_certificate(void **state)
{
	struct cert cert;
	size_t len;

	(void)state;
	make(&cert, START);
	len = strlen(cert.tls_crt) - 1; /* the last line feed may be missing */
	for (size_t n = 0; n < len; n++) {
		char *prefix = strndup(cert.tls_crt, n);
		char *key = strndup(cert.tls_key, n);

		assert_int_equal(cert_expiry(prefix), -1);
		if (n < strlen(cert.tls_key) - 1)
			assert_null(issue_parse_key(key));
		free(prefix);
		free(key);
	}
	assert_int_equal(cert_expiry(NULL), -1);
	cert_done(&cert);
}

static void oversized_text_and_names_are_refused(void **state)
{
	static char name[3000];
	const char *const long_names[] = {name, NULL};
	struct cert_terms wide = terms;
	struct cert none = {0}, out;
	struct err err = {0};
	char *text = malloc(ISSUE_PEM_BYTES_MAX + 2);

	(void)state;
	memset(text, '\n', ISSUE_PEM_BYTES_MAX + 1);
	text[ISSUE_PEM_BYTES_MAX + 1] = '\0';
	assert_null(issue_parse_cert(text));
	free(text);
	memset(name, 'a', sizeof(name) - 1);
	wide.names = long_names;
	assert_int_equal(cert_renew(&none, CERT_CA_DUE, &wide, START, &out, &err), -EINVAL);
	assert_null(out.ca_crt);
	assert_null(out.ca_key);
}

TEST_MAIN(cmocka_unit_test(new_set_is_good_until_it_is_due),
          cmocka_unit_test(missing_and_foreign_parts_are_due),
          cmocka_unit_test(leaf_of_other_names_is_due),
          cmocka_unit_test(renewed_leaf_keeps_its_authority),
          cmocka_unit_test(renewed_authority_stands_before_the_old_one),
          cmocka_unit_test(leaf_names_the_server_and_nothing_more),
          cmocka_unit_test(bundle_vouches_for_what_one_of_it_has_signed),
          cmocka_unit_test(bundle_of_too_many_is_none),
          cmocka_unit_test(certificate_of_others_is_looked_at_before_it_is_served),
          cmocka_unit_test(clocks_that_differ_agree),
          cmocka_unit_test(prefix_of_a_pem_text_is_no_certificate),
          cmocka_unit_test(oversized_text_and_names_are_refused))
