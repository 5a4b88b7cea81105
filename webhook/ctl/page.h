/* page.h - text for people: one line each, aligned, coloured where it is read on a terminal.
 *
 * Why      Names come from files that anybody may have written: they must neither steer the
 *          terminal nor break the lines that others stand in.
 * Owns     The rows of a table, until page_table() printed them.
 * Limits   PAGE_CELLS_MAX cells a row; a character counts as one column wide.
 * Errors   Sticky, in the output.
 */
#ifndef FARGUARD_CTL_PAGE_H
#define FARGUARD_CTL_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE_CELLS_MAX 5

struct output;

enum page_style { PAGE_PLAIN, PAGE_BOLD, PAGE_GOOD, PAGE_BAD, PAGE_WARN, PAGE_FAINT };

struct page_cell {
	char *text;
	enum page_style style;
};

struct page_row {
	struct page_cell cells[PAGE_CELLS_MAX];
	size_t count;
};

struct page {
	struct output *output;
	bool colored;
	struct page_row *rows; /* of the table that is being filled */
	size_t row_count, row_cap;
};

/* Add text to the line, with "?" for characters that would end it or steer a terminal. */
void page_say(struct page *page, enum page_style style, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

void page_end_line(struct page *page);

/* Begin a row of the table; then its cells, from the left. */
void page_row(struct page *page);
void page_cell(struct page *page, enum page_style style, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));

/* Print the rows, indented and aligned, and forget them. */
void page_table(struct page *page);

void page_done(struct page *page);

#endif
