// SPDX-License-Identifier: MIT
#include "io/gate.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct door {
	struct door *next;
	char *host;
	struct gate_pass *leader; /* NULL: none */
	struct gate_pass *held, **held_end; /* in the order of coming */
	size_t through_count;
	bool stands_open;
};

void gate_release(struct gate *gate)
{
	while (gate->doors) {
		struct door *door = gate->doors;
		must(!door->leader && !door->held);
		gate->doors = door->next;
		free(door->host);
		free(door);
	}
}

static struct door *door_of(struct gate *gate, struct str host)
{
	for (struct door *door = gate->doors; door; door = door->next)
		if (str_is(host, door->host))
			return door;
	struct door *door = must_alloc(1, sizeof *door);
	*door = (struct door){.next = gate->doors, .host = must_copy(host.p, host.n)};
	door->held_end = &door->held;
	gate->doors = door;
	return door;
}

static bool is_open(const struct door *door)
{
	return door->stands_open || door->through_count;
}

static void go_through(struct gate_pass *pass)
{
	pass->state = PASS_THROUGH;
	pass->door->through_count++;
}

bool gate_enter(struct gate *gate, struct gate_pass *pass, struct str host)
{
	struct door *door = door_of(gate, host);

	must(!pass->door);
	*pass = (struct gate_pass){.door = door};
	if (is_open(door)) {
		go_through(pass);
		return true;
	}
	/* Nobody overtakes those that are held. */
	if (!door->leader && !door->held) {
		pass->state = PASS_LEADS;
		door->leader = pass;
		return true;
	}
	pass->state = PASS_HELD;
	*door->held_end = pass;
	door->held_end = &pass->next;
	return false;
}

static void all_are_ready(struct door *door)
{
	for (struct gate_pass *held = door->held; held; held = held->next)
		held->state = PASS_READY;
}

void gate_through(struct gate_pass *pass)
{
	if (!pass->door || pass->state != PASS_LEADS)
		return;
	pass->door->leader = NULL;
	go_through(pass);
	all_are_ready(pass->door);
}

void gate_stands_open(struct gate_pass *pass)
{
	if (!pass->door)
		return;
	pass->door->stands_open = true;
	all_are_ready(pass->door);
}

static void unlink_held(struct door *door, struct gate_pass *pass)
{
	struct gate_pass **link = &door->held;

	while (*link != pass)
		link = &(*link)->next;
	*link = pass->next;
	if (door->held_end == &pass->next)
		door->held_end = link;
	pass->next = NULL;
}

void gate_leave(struct gate_pass *pass)
{
	struct door *door = pass->door;

	if (!door)
		return;
	if (pass->state == PASS_THROUGH)
		door->through_count--;
	else if (pass->state == PASS_LEADS)
		door->leader = NULL;
	else
		unlink_held(door, pass);
	/* The next one is ready, and will lead when it goes. */
	if (!door->leader && door->held)
		door->held->state = PASS_READY;
	*pass = (struct gate_pass){0};
}

struct gate_pass *gate_next(struct gate *gate)
{
	for (struct door *door = gate->doors; door; door = door->next) {
		struct gate_pass *pass = door->held;
		if (!pass || pass->state != PASS_READY)
			continue;
		/* A door that has closed in the meantime needs a leader, and only one. */
		if (!is_open(door) && door->leader)
			continue;
		unlink_held(door, pass);
		if (is_open(door)) {
			go_through(pass);
		} else {
			pass->state = PASS_LEADS;
			door->leader = pass;
		}
		return pass;
	}
	return NULL;
}

void gate_each_leader(struct gate *gate, void (*call)(struct gate_pass *pass))
{
	for (struct door *door = gate->doors; door; door = door->next)
		if (door->leader)
			call(door->leader);
}
