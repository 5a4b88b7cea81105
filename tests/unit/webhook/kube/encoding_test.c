#include "webhook/kube/encoding.h"

#include <stdbool.h>
#include <stdlib.h>

#include "tests/harness.h"

static void assert_decodes(const char *text, size_t len, const char *bytes, size_t bytes_len)
{
	size_t out_len = 99;
	char *out = encoding_from_base64(test_tail(text, len), len, &out_len);

	assert_non_null(out);
	assert_int_equal(out_len, bytes_len);
	assert_memory_equal(out, bytes, bytes_len);
	assert_int_equal(out[bytes_len], '\0');
	free(out);
}

static void assert_refused(const char *text, size_t len)
{
	size_t out_len = 99;

	assert_null(encoding_from_base64(test_tail(text, len), len, &out_len));
	assert_int_equal(out_len, 99);
}

/* RFC 4648, 10. */
static void vectors_of_the_standard_go_both_ways(void **state)
{
	static const char *const vectors[][2] = {
	        {"", ""},
	        {"f", "Zg=="},
	        {"fo", "Zm8="},
	        {"foo", "Zm9v"},
	        {"foob", "Zm9vYg=="},
	        {"fooba", "Zm9vYmE="},
	        {"foobar", "Zm9vYmFy"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *bytes = vectors[i][0], *text = vectors[i][1];
		char *encoded = encoding_to_base64(bytes, strlen(bytes));

		assert_string_equal(encoded, text);
		free(encoded);
		assert_decodes(text, strlen(text), bytes, strlen(bytes));
	}
}

static void every_byte_in_every_place_comes_back(void **state)
{
	(void)state;
	for (size_t len = 1; len <= 5; len++) {
		for (size_t at = 0; at < len; at++) {
			for (int byte = 0; byte < 256; byte++) {
				char bytes[5] = {'a', '\xff', '\0', 'z', '\x80'};
				char *text;

				bytes[at] = (char)byte;
				text = encoding_to_base64(bytes, len);
				assert_non_null(text);
				assert_int_equal(strlen(text), (len + 2) / 3 * 4);
				/* test_tail() maps a page that stays: not here, thousands of times.
				 */
				size_t out_len = 0;
				char *back = encoding_from_base64(text, strlen(text), &out_len);

				assert_non_null(back);
				assert_int_equal(out_len, len);
				assert_memory_equal(back, bytes, len);
				free(back);
				free(text);
			}
		}
	}
}

static void input_is_not_read_past_its_end(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 7; len++) {
		char *text = encoding_to_base64(test_tail("\xff\x00\x80zyxw", len), len);

		assert_non_null(text);
		free(text);
	}
}

static void length_that_is_no_multiple_of_four_is_refused(void **state)
{
	static const char text[] = "Zm9vYmFyZm9vYmE=";

	(void)state;
	for (size_t len = 1; len < sizeof(text) - 1; len++)
		if (len % 4 != 0)
			assert_refused(text, len);
}

/* Each of the 256 bytes in each of the four places; only the alphabet and right padding count. */
static void byte_outside_the_alphabet_is_refused_in_every_place(void **state)
{
	static const char letters[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (size_t at = 0; at < 4; at++) {
		for (int byte = 0; byte < 256; byte++) {
			char text[9] = "AAAAAAAA";
			bool is_good = memchr(letters, byte, 64) || (at == 3 && byte == '=');
			size_t len = 0;
			char *out;

			/* In the last quad, then in one before it, where no padding may stand. */
			text[4 + at] = (char)byte;
			out = encoding_from_base64(text, 8, &len);
			assert_int_equal(out != NULL, is_good);
			if (out)
				assert_int_equal(len, byte == '=' ? 5 : 6);
			free(out);
			text[4 + at] = 'A';
			text[at] = (char)byte;
			out = encoding_from_base64(text, 8, &len);
			assert_int_equal(out != NULL, is_good && byte != '=');
			free(out);
		}
	}
}

/* All sixteen ways that padding can stand in a quad; two are padding. */
static void padding_counts_only_at_the_end(void **state)
{
	(void)state;
	for (unsigned mask = 0; mask < 16; mask++) {
		char text[4];
		size_t len = 0;
		char *out;

		for (unsigned i = 0; i < 4; i++)
			text[i] = mask & (1u << i) ? '=' : 'A';
		out = encoding_from_base64(text, 4, &len);
		assert_int_equal(out != NULL, mask == 0 || mask == 8 || mask == 12);
		free(out);
	}
	assert_refused("Zg==Zg==", 8);
	assert_refused("Zm8=Zm9v", 8);
	assert_refused("Zg==\n\n\n\n", 8);
}

/* RFC 4648, 3.5: bits that padding leaves over are zero, so bytes have one text only. */
static void bits_left_over_must_be_zero(void **state)
{
	static const char letters[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	(void)state;
	for (size_t i = 0; i < 64; i++) {
		char one[] = {'A', letters[i], '=', '='}, two[] = {'A', 'A', letters[i], '='};
		size_t len = 0;
		char *out = encoding_from_base64(one, 4, &len);

		assert_int_equal(out != NULL, i % 16 == 0);
		free(out);
		out = encoding_from_base64(two, 4, &len);
		assert_int_equal(out != NULL, i % 4 == 0);
		free(out);
	}
}

TEST_MAIN(cmocka_unit_test(vectors_of_the_standard_go_both_ways),
          cmocka_unit_test(every_byte_in_every_place_comes_back),
          cmocka_unit_test(input_is_not_read_past_its_end),
          cmocka_unit_test(length_that_is_no_multiple_of_four_is_refused),
          cmocka_unit_test(byte_outside_the_alphabet_is_refused_in_every_place),
          cmocka_unit_test(padding_counts_only_at_the_end),
          cmocka_unit_test(bits_left_over_must_be_zero))
