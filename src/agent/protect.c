// SPDX-License-Identifier: MIT
#include "agent/protect.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define GIT    "git's own files"
#define AGENTS "settings of a coding assistant"
#define EDITOR "settings of an editor, which runs commands from them"
#define SHELL  "run by a shell when it starts"

/* A name stands for itself and for all below it. */
static const struct {
	const char *name, *why;
} protected[] = {
	{".git", GIT},
	{".gitmodules", GIT},
	{".gitconfig", GIT},
	{".fettle", AGENTS},
	{".fettle.json", AGENTS},
	{".mcp.json", AGENTS},
	{".claude", AGENTS},
	{".agents", AGENTS},
	{".codex", AGENTS},
	{".vscode", EDITOR},
	{".idea", EDITOR},
	{".exrc", EDITOR},
	{".nvimrc", EDITOR},
	{".nvim.lua", EDITOR},
	{".vimrc", EDITOR},
	{".envrc", SHELL},
	{".bashrc", SHELL},
	{".bash_profile", SHELL},
	{".bash_login", SHELL},
	{".bash_logout", SHELL},
	{".bash_aliases", SHELL},
	{".profile", SHELL},
	{".zshrc", SHELL},
	{".zshenv", SHELL},
	{".zprofile", SHELL},
	{".zlogin", SHELL},
	{".zlogout", SHELL},
	{".kshrc", SHELL},
	{".cshrc", SHELL},
	{".tcshrc", SHELL},
	{".login", SHELL},
	{".logout", SHELL},
	{"config.fish", SHELL},
	{".xprofile", SHELL},
	{".xinitrc", SHELL},
	{".xsession", SHELL},
	{".xsessionrc", SHELL},
	{".pam_environment", SHELL},
	{".inputrc", SHELL},
	{".ssh", "keys and settings of ssh"},
	{NULL},
};

bool path_is_protected(struct str path, const char **why)
{
	struct str word;

	while (str_split(&path, '/', &word))
		for (size_t i = 0; protected[i].name; i++) {
			if (!str_eq_nocase(word, str_from(protected[i].name)))
				continue;
			if (why)
				*why = protected[i].why;
			return true;
		}
	return false;
}

static bool is_kind(int directory_fd, const char *name, mode_t kind)
{
	struct stat st;

	return fstatat(directory_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       (st.st_mode & S_IFMT) == kind;
}

/* What git itself looks at to know one (setup.c: HEAD, objects, refs). */
static bool is_git_directory(int directory_fd)
{
	return is_kind(directory_fd, "objects", S_IFDIR) &&
	       is_kind(directory_fd, "refs", S_IFDIR) &&
	       faccessat(directory_fd, "HEAD", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_kernel_made(int directory_fd)
{
	static const long kinds[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
		SECURITYFS_MAGIC, CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC, BPF_FS_MAGIC, 0};
	struct statfs fs;

	if (fstatfs(directory_fd, &fs) < 0)
		return true;
	for (int i = 0; kinds[i]; i++)
		if (fs.f_type == kinds[i])
			return true;
	return false;
}

bool directory_is_protected(int directory_fd, const char **why)
{
	if (is_kernel_made(directory_fd))
		*why = "a file system that the kernel makes";
	else if (is_git_directory(directory_fd))
		*why = GIT;
	else
		return false;
	return true;
}
