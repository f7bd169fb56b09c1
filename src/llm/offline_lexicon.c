// SPDX-License-Identifier: MIT
/* What words mean, in all their forms and through a slip of the finger. */
#include <ctype.h>

#include "llm/offline.h"

struct lexeme {
	uint64_t classes;
	const char *words; /* stems, separated by spaces; plurals, -ed and -ing are understood */
};

static const struct lexeme lexicon[] = {
	{CLASS(W_FILLER),
		"a an the after before between until since teh hte of to for is are was were be been am do does did done has have had having "
		"it's there here any all some every each both also too as at on by with about into "
		"that's so ok okay but if or not no don doesn didn isn aren won couldn this these "
		"that those i me my mine we our us you your yours still currently actually really "
		"exactly only own current left everything anything something whole entire full complete "
		"exist existing top-level toplevel anywhere everywhere nowhere there's one ones thing get got currently overall altogether right "
		"inside out up off over via per such like kind sort various other another more than extension suffix "
		"appear altogether total i'd i'm e.g i.e made makes yet already ever"},
	{CLASS(W_POLITE),
		"please pls plz can could would will might may kindly tell give want need wanna hey hi "
		"hello thanks thank just now let lets quickly know help maybe perhaps quick curious "
		"wondering wonder again ah oh um well say"},
	{CLASS(W_LIST), "list ls enumerate dir"},
	{CLASS(W_SHOW),
		"show display print open view cat read see output dump bring paste less more content "
		"contents type peek"},
	{CLASS(W_COUNT), "count number many amount total tally wc sum quantity often num times"},
	{CLASS(W_FIND), "find search grep locate seek scan rg ack hunt lookup"},
	{CLASS(W_MENTION),
		"mention contain containing match matching reference refer occur occurrence say "
		"says appear hit instance talk matches matched say saying"},
	{CLASS(W_DEFINE),
		"define definition declare declaration implement implementation live located "
		"introduced originate defn sits reside export exported"},
	{CLASS(W_USE),
		"use used usage using referenced consume reference raise thrown throw instantiate caught "
		"trigger"},
	{CLASS(W_CALL),
		"call caller callers calling invoke invocation invoking callsite callsites"},
	{CLASS(W_IMPORT),
		"import include including includes require depend dependency dependencies "
		"included imports"},
	{CLASS(W_LOOK),
		"look signature body prototype field member attribute argument parameter implementation "
		"contents columns property properties"},
	{CLASS(W_VALUE), "value equal set setting default constant"},
	{CLASS(W_FILE), "file document doc"},
	{CLASS(W_LINE), "line loc sloc"},
	{CLASS(W_SIZE), "size bytes byte kb kilobyte megabyte mb heavy"},
	{CLASS(W_DIRECTORY), "directory folder subdirectory subfolder dir directories path"},
	{CLASS(W_FUNCTION), "function func method procedure routine subroutine fn funcs functions"},
	{CLASS(W_TYPE),
		"struct class enum union typedef interface macro type structure constant variable "
		"define trait classes target heading enumeration namespace global"},
	{CLASS(W_MARK), "todo fixme xxx hack todos fixmes"},
	{CLASS(W_LARGE),
		"largest biggest longest big large huge long bigger longer heaviest top fattest"},
	{CLASS(W_SMALL), "smallest shortest small short tiny tiniest least fewest"},
	{CLASS(W_NEW),
		"newest latest recent recently lately modified edited touched updated newer fresh freshest "
		"youngest last new"},
	{CLASS(W_OLD), "oldest old stale older"},
	{CLASS(W_EMPTY), "empty blank"},
	{CLASS(W_LAYOUT),
		"layout structure overview tree organised organized organisation organization "
		"architecture structured outline hierarchy map arranged laid"},
	{CLASS(W_PROJECT),
		"project repo repository codebase code program application app package workspace software "
		"sources"},
	{CLASS(W_GIT), "git"},
	{CLASS(W_COMMIT), "commit committed log history revision commits"},
	{CLASS(W_BRANCH), "branch"},
	{CLASS(W_CHANGE), "change modify modification changed changes diff edit happened alter"},
	{CLASS(W_PENDING),
		"uncommitted unstaged staged untracked dirty pending unsaved unpushed status "
		"uncommited working"},
	{CLASS(W_AUTHOR), "author contributor committer wrote contribute committers contributed"},
	{CLASS(W_WHERE), "where whereabouts location"},
	{CLASS(W_WHICH), "which wich whcih"},
	{CLASS(W_WHAT), "what whats"},
	{CLASS(W_WHO), "who whose"},
	{CLASS(W_HOW), "how hwo"},
	{CLASS(W_WHY), "why reason"},
	{CLASS(W_WHEN), "when"},
	{CLASS(W_YES_NO), "is are does do has have was were did"},
	{CLASS(W_DO),
		"refactor write fix create generate implement rename delete remove add update convert port "
		"rewrite debug design execute run compile build install deploy simplify optimise "
		"optimize improve translate make migrate replace insert append split merge move copy "
		"clean format reformat document extract inline commit push revert undo upgrade bump "
		"change modify edit test benchmark profile send download upload publish release pull "
		"checkout rebase stage speed reduce increase handle solve resolve modernise modernize "
		"vectorise vectorize parallelise parallelize wrap hash encrypt draw plan turn apply "
		"ensure support introduce adapt extend save start stop kill restart set"},
	{CLASS(W_EXPLAIN),
		"explain describe summarise summarize summary clarify elaborate understand explanation "
		"purpose walk difference compare meaning mean discuss interpret analyse analyze "
		"describing teach description"},
	{CLASS(W_JUDGE),
		"good bad better best worse worst correct right wrong safe secure clean nice ugly slow "
		"slowest fast fastest quality bug buggy bugs vulnerability vulnerable vulnerabilities "
		"recommend suggest suggestion advise opinion think should review audit efficient "
		"readable maintainable leak leaks race deadlock improvement complex complexity "
		"maintainability idiomatic robust reliable sense broken problem issue smell "
		"performant thread-safe elegant scalable advice critique refactoring hardest "
		"important interesting risky dangerous"},
	{CLASS(W_TEST), "test unittest spec testing"},
	{CLASS(W_HEADER), "header headers"},
	{CLASS(W_DOCUMENT), "doc documentation docs document documents manual"},
	{CLASS(W_CONFIG), "config configuration settings configs configure conf setting"},
	{CLASS(W_IMAGE), "image picture png icon jpeg jpg svg"},
	{CLASS(W_SCRIPT), "script scripts"},
	{CLASS(W_SOURCE), "source sources module modules code"},
	{CLASS(W_FIRST), "first head top beginning start initial begin"},
	{CLASS(W_LAST), "last tail bottom end final ending latest recent previous newest"},
	{CLASS(W_LANGUAGE), "language languages tech technology technologies"},
	{CLASS(W_COMMENT), "comment comments"},
	{CLASS(W_WEAK),
		"rule logic code handling handler policy limit mechanism stuff part feature support "
		"behaviour behavior implementation system process constant option parameter place "
		"functionality section piece related concerning regarding involved responsible deal "
		"handle handled work happen happens check do decide manage configure configured "
		"limited happening data sample info information details detail spot relevant "
		"associated concern kept somewhere place places come setting settings string "
		"word text phrase name variable term pattern symbol identifier keyword take place "
		"talk care look decided checked"},
	{CLASS(W_PRONOUN), "it its they them that those this he she their"},
	{CLASS(W_SCOPE), "in under inside within below from beneath throughout across among"},
	{CLASS(W_AND), "and then plus & also additionally furthermore finally next afterwards"},
	{CLASS(W_PER), "per by each breakdown broken grouped split"},
	{CLASS(W_NAMED), "named called titled"},
	{CLASS(W_FILENAME), "readme changelog license licence makefile dockerfile contributing"},
	{CLASS(W_PERSON), "you yourself"},
	{CLASS(W_MOST), "most highest maximum max"},
};

/* Right words that are one slip away from words of the lexicon. */
static const char not_mistyped[] =
	" user users fire fires fine fill filed film films mile miles while whole white court mount fist "
	"mist lint point points paint strict chance charge charges links lives lanes liner texts "
	"clash glass cells fail fails falls balls walls tall fall ball wall cell slow shop shout core "
	"mode node note date rate state states stop stops store stores bind kind mind wind round "
	"finds hind print prints sprint where there their these three those than shot shut "
	"token tokens trace track tracks tracker trackers parse parser parsers parcel parcels "
	"process value values valid valve valves micro module list less least best nest rest west "
	"text next code coded rename delay relay carrier carriers barrier time timer timers times "
	"timeout reset preset sender render head heap help hello held read reads road load loads "
	"message messages massage long song last lost post cost most must host hosts port ports sort "
	"sorts fort form forms from frame word words world ward work works wires tests taste fast "
	"past part parts cast cat cut but bug big bag dig log lag leg let set get met net new few how "
	"now who way why what that chat char chars chart when then them they test vest call calm cache "
	"math path paths bath batch catch match watch patch latch hatch fetch switch size side site "
	"cite write wrote written right light lights might night shell spell smell small mall mail "
	"image imagine edge lodge logic login topic input output stdin level lever label table tables "
	"cable fable enable label model models moral event events even ever even order orders border "
	"reader readers leader leaders holder holders loader builder search reach beach each teach "
	"retry entry entries retries inline online offline linen given driver drivers rover server "
	"servers serve parent patent agent agents client clients event latest greatest cursor scope "
	"slope style shape share shard queue query stream stack stock block lock locks clock buffer "
	"struct construct string strings sting spring signal single signed assign design ";

struct str offline_lower(struct str s, struct arena *a)
{
	struct str copy = arena_copy(a, s);

	for (size_t i = 0; i < copy.n; i++)
		((char *)copy.p)[i] = (char)tolower((unsigned char)copy.p[i]);
	return copy;
}

static bool ends(struct str s, const char *ending, size_t keep)
{
	struct str e = str_from(ending);

	return s.n >= e.n + keep && str_ends(s, e);
}

static bool is_vowel(char c)
{
	return strchr("aeiou", c) != NULL && c;
}

/* "limitting", "grepping": the doubled letter goes with the ending. */
static struct str without_double(struct str s)
{
	if (s.n > 3 && s.p[s.n - 1] == s.p[s.n - 2] && !is_vowel(s.p[s.n - 1]) &&
		s.p[s.n - 1] != 'l' && s.p[s.n - 1] != 's')
		s.n--;
	return s;
}

struct str offline_stem(struct str low, struct arena *a)
{
	if (ends(low, "ies", 2) || ends(low, "ied", 2))
		return arena_printf(a, "%.*sy", (int)low.n - 3, low.p);
	if (ends(low, "ing", 3))
		return without_double(str_head(low, low.n - 3));
	if (ends(low, "sses", 1) || ends(low, "ches", 2) || ends(low, "shes", 2) ||
		ends(low, "xes", 2))
		return str_head(low, low.n - 2);
	if (ends(low, "ed", 3))
		return without_double(str_head(low, low.n - 2));
	if (ends(low, "s", 3) && !ends(low, "ss", 0) && !ends(low, "us", 0) && !ends(low, "is", 0))
		return str_head(low, low.n - 1);
	return low;
}

/* word is entry, or entry with an ending. */
static bool is_form_of(struct str word, struct str entry, struct arena *a)
{
	if (str_eq(word, entry))
		return true;
	if (entry.n < 3 || word.n <= entry.n || word.n > entry.n + 4 ||
		!str_starts(word, str_head(entry, entry.n - 1)))
		return false;
	struct str stem = offline_stem(word, a);
	if (str_eq(stem, entry))
		return true;
	/* "including" stems to "includ", "defined" to "defin". */
	return entry.p[entry.n - 1] == 'e' && str_eq(stem, str_head(entry, entry.n - 1));
}

static uint64_t classes_of(struct str low, struct arena *a)
{
	uint64_t classes = 0;

	for (size_t i = 0; i < sizeof lexicon / sizeof *lexicon; i++) {
		struct str rest = str_from(lexicon[i].words), entry;
		while (str_split(&rest, ' ', &entry))
			if (entry.n && is_form_of(low, entry, a))
				classes |= lexicon[i].classes;
	}
	return classes;
}

/* Two neighbours exchanged: the most common slip. */
static bool is_swap(struct str word, struct str entry)
{
	for (size_t i = 0; word.n == entry.n && i + 1 < word.n; i++)
		if (word.p[i] == entry.p[i + 1] && word.p[i + 1] == entry.p[i] &&
			str_eq(str_head(word, i), str_head(entry, i)) &&
			str_eq(str_skip(word, i + 2), str_skip(entry, i + 2)))
			return word.p[i] != word.p[i + 1];
	return false;
}

/* How far off: 1 exchanged, 2 one letter wrong, missing or too many, 3 two in long words; 0 no
 * slip. */
static int slip(struct str word, struct str entry)
{
	if (entry.n < 4 || word.n + 2 < entry.n || word.n > entry.n + 2 || word.p[0] != entry.p[0])
		return 0;
	if (is_swap(word, entry))
		return 1;
	unsigned distance = str_distance(word, entry);
	if (distance <= 1 && ((word.n >= 4 && entry.n >= 5) || (word.n == 5 && entry.n == 4)))
		return 2;
	return distance <= 2 && word.n >= 9 && entry.n >= 9 ? 3 : 0;
}

bool lexicon_lists(const char *list, struct str low)
{
	char padded[40];

	if (low.n + 3 > sizeof padded)
		return true;
	snprintf(padded, sizeof padded, " %.*s ", STR_ARG(low));
	return strstr(list, padded) != NULL;
}

static void try_entry(
	struct str low, struct str entry, struct arena *a, int *least, struct str *best)
{
	if (entry.n < 4 || entry.p[0] != low.p[0] || entry.n > low.n + 2 || entry.n + 3 < low.n)
		return;
	int here = slip(low, entry);
	int as_plural = slip(low, arena_printf(a, "%.*ss", STR_ARG(entry)));

	if (as_plural && (!here || as_plural < here))
		here = as_plural;
	if (here && here < *least) {
		*least = here;
		*best = entry;
	}
}

/* The word of the lexicon that was meant: plurals and plain forms are tried. */
static struct str corrected(struct str low, struct arena *a)
{
	static const uint64_t unlikely =
		CLASS(W_WEAK) | CLASS(W_JUDGE) | CLASS(W_PERSON) | CLASS(W_FILLER);
	struct str best = low;
	int least = 4;

	if (low.n < 4 || low.n > 20 || lexicon_lists(not_mistyped, low))
		return low;
	for (size_t i = 0; i < low.n; i++)
		if (low.p[i] < 'a' || low.p[i] > 'z')
			return low;
	for (size_t i = 0; i < sizeof lexicon / sizeof *lexicon; i++) {
		struct str rest = str_from(lexicon[i].words), entry;
		while (!(lexicon[i].classes & unlikely) && str_split(&rest, ' ', &entry))
			try_entry(low, entry, a, &least, &best);
	}
	return best;
}

static const struct language *language_named(struct str low)
{
	for (const struct language *l = languages; l->name; l++)
		for (int i = 0; i < 6 && l->words[i]; i++)
			if (str_is(low, l->words[i]))
				return l;
	return NULL;
}

/* "pyhton": names of languages of six letters and more are recognised through a slip. */
static const struct language *language_near(struct str low)
{
	for (const struct language *l = languages; l->name; l++)
		for (int i = 0; i < 6 && l->words[i]; i++)
			if (strlen(l->words[i]) >= 6 && slip(low, str_from(l->words[i])))
				return l;
	return NULL;
}

bool lexicon_look_up(struct word *w, struct arena *a)
{
	w->language = language_named(w->low);
	w->classes = classes_of(w->low, a);
	return w->language || w->classes;
}

void lexicon_guess(struct word *w, struct arena *a)
{
	struct str right = corrected(w->low, a);

	if (str_eq(right, w->low)) {
		w->language = language_near(w->low);
	} else {
		w->low = right;
		w->classes = classes_of(right, a);
	}
}
