#include "access/users.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <crypt.h>
#include <string.h>

#define TOKEN_OF_ABC \
	"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static struct users *u;
static const struct principal *who;

static struct users *
parse(const char *text)
{
	struct ps_error err = { 0 };
	struct users *made = users_parse(text, strlen(text), "f", &err);

	cr_assert(ne(ptr, made, NULL), "%s", err.text);
	return made;
}

/* ana may edit, with the password "right"; a token "abc" only views. */
static void
open_users(void)
{
	struct crypt_data room = { 0 };
	char text[2048];

	(void)snprintf(text, sizeof text,
	    "{\"users\": [{\"name\": \"ana\", \"role\": \"editor\","
	    "\"password\": \"%s\", \"labels\": [\"a\", \"b\"]},"
	    "{\"name\": \"ci\", \"role\": \"viewer\", \"token\": \"%s\"}]}",
	    crypt_r("right", "$6$saltsalt$", &room), TOKEN_OF_ABC);
	u = parse(text);
}

static void
close_users(void)
{
	users_free(&u);
}

TestSuite(users, .init = open_users, .fini = close_users, .timeout = 20);

static enum users_found
ask_from(const char *from, const char *name, const char *password, int64_t ms)
{
	return users_password(u,
	    &(struct users_try){ name, password, from, { ms } }, &who);
}

static enum users_found
ask(const char *name, const char *password, int64_t ms)
{
	return ask_from("127.0.0.1", name, password, ms);
}

Test(users, a_right_password_gives_name_role_and_labels)
{
	cr_assert(eq(int, ask("ana", "right", 1), USERS_YES));
	cr_expect(eq(str, (char *)who->name, "ana"));
	cr_expect(eq(int, who->role, ROLE_EDITOR));
	cr_expect(eq(str, (char *)who->labels[1], "b"));
	cr_expect(eq(ptr, (void *)who->labels[2], NULL));
}

Test(users, a_wrong_password_or_name_is_nobody)
{
	cr_expect(eq(int, ask("ana", "wrong", 1), USERS_NO));
	cr_expect(eq(int, ask("ana", "", 1), USERS_NO));
	cr_expect(eq(int, ask("bob", "right", 1), USERS_NO));
	cr_expect(eq(int, ask("ci", "abc", 1), USERS_NO));
}

Test(users, wrong_ones_are_tried_so_often_and_no_more)
{
	int tried = 0;

	while (ask("ana", "wrong", 1000) == USERS_NO && tried < 100)
		tried++;
	cr_expect(eq(int, tried, 8));
	/* A second later some may be tried again. */
	cr_expect(eq(int, ask("ana", "wrong", 2000), USERS_NO));
}

Test(users, who_guesses_keeps_nobody_else_out)
{
	while (ask("ana", "wrong", 1000) == USERS_NO)
		;
	cr_expect(eq(int, ask("ana", "right", 1000), USERS_BUSY));
	cr_expect(
	    eq(int, ask_from("192.0.2.7", "ana", "right", 1000), USERS_YES));
}

Test(users, many_who_guess_do_not_take_all_the_time)
{
	char from[32];
	int tried = 0;

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(from, sizeof from, "2001:db8::%x", i);
		tried += ask_from(from, "ana", "wrong", 1000) == USERS_NO;
	}
	cr_expect(eq(int, tried, 64));
}

Test(users, what_was_right_once_is_no_try)
{
	cr_assert(eq(int, ask("ana", "right", 1000), USERS_YES));
	for (int i = 0; i < 100; i++)
		cr_assert(eq(int, ask("ana", "right", 1000), USERS_YES));
	while (ask("ana", "wrong", 1000) == USERS_NO)
		;
	cr_expect(eq(int, ask("ana", "right", 1000), USERS_YES));
	cr_expect(eq(int, ask("ana", "wrong", 1000), USERS_BUSY));
}

Test(users, a_token_is_known_by_its_digest)
{
	const struct principal *p = users_token(u, "abc");

	cr_assert(ne(ptr, (void *)p, NULL));
	cr_expect(eq(str, (char *)p->name, "ci"));
	cr_expect(eq(ptr, (void *)p->labels, NULL));
	cr_expect(eq(ptr, (void *)users_token(u, "abd"), NULL));
	cr_expect(eq(ptr, (void *)users_token(u, TOKEN_OF_ABC), NULL));
}

Test(users, what_is_wrong_with_a_file_is_named)
{
	static const struct {
		const char *text, *words;
	} rows[] = {
		{ "{", "f: line 1" },
		{ "{}", "f: users: an array of objects is expected" },
		{ "{\"users\": [{}]}", "name" },
		{ "{\"users\": [{\"name\": \"x\", \"role\": \"god\"}]}",
		    "user x: role god: viewer, operator, editor or admin" },
		{ "{\"users\": [{\"name\": \"x\", \"role\": \"admin\"}]}",
		    "user x: either password or token" },
		{ "{\"users\": [{\"name\": \"x\", \"role\": \"admin\","
		  "\"password\": \"plain\"}]}",
		    "user x: password: a hash" },
		{ "{\"users\": [{\"name\": \"x\", \"role\": \"admin\","
		  "\"token\": \"ab\"}]}",
		    "user x: token: a SHA-256" },
		{ "{\"users\": [{\"name\": \"x\", \"role\": \"admin\","
		  "\"token\": \"" TOKEN_OF_ABC "\", \"labels\": \"a\"}]}",
		    "user x: labels: an array" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct ps_error err = { 0 };
		struct users *made =
		    users_parse(rows[i].text, strlen(rows[i].text), "f", &err);

		cr_expect(eq(ptr, made, NULL));
		cr_expect(eq(int,
		    err.code == PS_E_CONFIG || err.code == PS_E_DATA, 1));
		cr_expect(ne(ptr, strstr(err.text, rows[i].words), NULL), "%s",
		    err.text);
	}
}
