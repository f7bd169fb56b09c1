// SPDX-License-Identifier: MIT
/*
 * measure FILE COMMAND...: runs the command and writes "peak_rss_kb" of it and its children to
 * FILE. Its own program, because a child's peak counts from the fork on: forked from an interpreter
 * it would be at least the interpreter's.
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int count, char **words)
{
	int status;
	struct rusage usage;

	if (count < 3)
		return 125;
	pid_t child = fork();
	if (child == 0) {
		execv(words[2], words + 2);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &usage) < 0)
		return 125;
	FILE *file = fopen(words[1], "w");
	if (!file || fprintf(file, "%ld\n", usage.ru_maxrss) < 0 || fclose(file) != 0)
		return 125;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
