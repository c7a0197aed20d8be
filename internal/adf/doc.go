// Package adf reads and writes the Atlassian Document Format, in which Jira and Confluence keep rich text, as Markdown, and reads the
// older storage format of Confluence in the same forms.
//
// Nothing of a text is lost on the way: code keeps its language, tables their cells, mentions and media their ids, links and
// cards their addresses, macros their parameters and bodies. What a reader does not need (colours, widths, alignment) is left
// out. A node that is not known gives its text, and a note says so. What looks like Markdown in a text is escaped where it would
// change the form.
//
// What has no form in CommonMark is written so that [FromMarkdown] makes the same of it again:
//
//	> [!WARNING]           a panel; also [!INFO], [!NOTE], [!SUCCESS], [!ERROR], [!TIP], [!CUSTOM]
//	> [!EXPAND] Title      an expand with its title
//	- [x] done             a task
//	[@Ann](mention:5b10)   a mention of an account
//	![alt](media:af3-01)   a file of the site, by its id
//	<br>, <u>, <sup>       a break in a cell, underlined, superscript
package adf
