package clickhouse

import "github.com/fourkites/sources/base"

// verdict is what a code means to a caller.
type verdict struct {
	kind base.Kind
	hint base.Hint
}

var (
	unauthenticated = verdict{base.KindUnauthenticated, base.HintOf("user or password is wrong, or the account has expired")}
	readOnly        = verdict{base.KindPermission, base.HintOf("the account or the query is read-only: only statements that read tables of this server, and settings only in Query.Settings")}
	denied          = verdict{base.KindPermission, base.HintOf("the account lacks the grant; ask for another table, or have it granted")}
	notThere        = verdict{base.KindNotFound, base.HintOf("there is no such table or database, or the account may not see it")}
	noColumn        = verdict{base.KindInvalid, base.HintOf("a name in the statement is not known; look at the columns of the table")}
	badSQL          = verdict{base.KindInvalid, base.HintOf("the server cannot read the statement; correct it")}
	badValue        = verdict{base.KindInvalid, base.HintOf("a value or a parameter does not fit its type")}
	tooMuch         = verdict{base.KindQuotaExceeded, base.HintOf("the answer or the reading is larger than the server allows; narrow the window or the conditions")}
	tooLong         = verdict{base.KindQuotaExceeded, base.HintOf("the statement ran longer than it may; narrow the window, or raise max_execution")}
	noMemory        = verdict{base.KindQuotaExceeded, base.HintOf("the statement needs more memory than it may; narrow the window, or group by fewer values")}
	quota           = verdict{base.KindQuotaExceeded, base.HintOf("the account's quota for this interval is used up; wait, or raise the quota")}
	crowded         = verdict{base.KindThrottled, base.HintOf("the server runs as many queries as it may")}
	killed          = verdict{base.KindCanceled, base.HintOf("the query was stopped at the server")}
	overloaded      = verdict{base.KindOverloaded, base.HintOf("the server as a whole is short of memory or of processor time")}
	exists          = verdict{base.KindConflict, base.HintOf("there is such a table or database already")}
	away            = verdict{base.KindUnavailable, base.HintOf("the server, or a part of its cluster, does not answer at the moment")}
)

// verdicts are the codes whose meaning is known; the rest are Internal. A mistake of the statement must be among them, for
// an Internal error speaks against the server.
var verdicts = verdictsOf(map[verdict][]int{
	unauthenticated:                    {192, 193, 194, 516, 720, 767},
	readOnly:                           {164},
	denied:                             {195, 291, 452, 472, 481, 482, 497, 512, 673},
	notThere:                           {60, 81, 218, 701},
	{base.KindNotFound, noColumn.hint}: {16},
	noColumn:                           {8, 46, 47, 63, 115, 352},
	badSQL: {
		1, 10, 34, 35, 36, 42, 43, 44, 48, 51, 52, 59, 62, 78, 80, 121, 125, 129, 133, 134, 135, 152, 162, 174, 179, 181, 182, 183, 184,
		190, 206, 207, 208, 211, 215, 229, 258, 264, 288, 306, 309, 344, 353, 377, 378, 386, 403, 406, 417, 418, 440, 446, 475, 476, 498,
		544, 545, 557, 558, 596, 628, 703, 721,
	},
	badValue: {
		6, 19, 25, 26, 27, 38, 41, 50, 53, 69, 70, 72, 122, 127, 128, 130, 131, 153, 321, 349, 376, 395, 407, 427, 441, 455, 456, 457, 467,
		471, 490, 563, 632, 645, 675, 676, 691,
	},
	tooMuch:    {158, 161, 167, 168, 191, 290, 307, 396},
	tooLong:    {159, 160},
	noMemory:   {241},
	quota:      {201},
	crowded:    {202, 252, 364, 700, 749, 762},
	overloaded: {173, 745},
	killed:     {394, 677, 735},
	exists:     {57, 58, 82},
	away:       {32, 95, 96, 198, 203, 209, 210, 216, 225, 236, 242, 254, 265, 279, 297, 369, 373, 439, 519, 733, 999},
})

func verdictsOf(codes map[verdict][]int) map[int]verdict {
	out := map[int]verdict{}
	for v, list := range codes {
		for _, code := range list {
			out[code] = v
		}
	}
	return out
}
