package engines

// The accounts of a server, by name. All may connect from 127.0.0.1 only.
const (
	// UserDefault has every right, may manage access, and has no password.
	UserDefault = "default"
	// UserAdmin has every right, may manage access, and has a password.
	UserAdmin = "admin"
	// UserReader is readonly=1: it reads, and may change no setting.
	UserReader = "reader"
	// UserReader2 is readonly=2: it reads, may change settings, and gets at most Reader2MaxRows rows.
	UserReader2 = "reader2"
	// UserNarrow may read one column: GrantedColumn of GrantedTable. The old server does not know it.
	UserNarrow = "narrow"
	// UserFiltered is readonly=1 and sees of FilteredTable the rows with id below FilteredBelow. The old server does
	// not know it.
	UserFiltered = "filtered"
	// UserScarce may ask ScarceQueries queries an hour, one more on the old server. The server does not count SELECT 1:
	// ask a table.
	UserScarce = "scarce"
)

// The passwords of the accounts. They guard nothing: the servers listen on this machine for the length of a test.
const (
	PasswordDefault  = ""
	PasswordAdmin    = "admin-of-the-test"
	PasswordReader   = "reader-of-the-test"
	PasswordReader2  = "reader2-of-the-test"
	PasswordNarrow   = "narrow-of-the-test"
	PasswordFiltered = "filtered-of-the-test"
	PasswordScarce   = "scarce-of-the-test"
)

// What the accounts with bounds are bound to. Tests create the tables; grants and filters wait for them.
const (
	Database       = "default"
	GrantedTable   = "granted"
	GrantedColumn  = "id"
	FilteredTable  = "filtered"
	FilteredBelow  = 5
	Reader2MaxRows = 1000
	ScarceQueries  = 3
)

// JudgedUsers are the accounts of a server from [ClickHouseJudged] that have no password of their own.
func JudgedUsers() []string { return []string{"judged", "judged-a", "judged-b"} }
