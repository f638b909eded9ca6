#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "connectors/postgres/db.h"

/* Or turn_begin() takes what ended the session for a lock that is held. */
Test(pg_db, no_error_has_the_sqlstate_of_one_before_it)
{
	struct db db = { .state = "55P03" };
	struct ps_error err = { .code = PS_OK };

	cr_assert(eq(int, db_run(&db, "SELECT", NULL, &err), -1));
	cr_assert(eq(int, err.code, PS_E_RETRY));
	cr_assert_str_empty(db.state);
}
