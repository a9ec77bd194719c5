-- main.db, version 3: members of groups who are somewhere else.

-- Mail to the group goes on to them. The address is in the form of directory/address.h.
CREATE TABLE outside_member(grp INTEGER, address TEXT, PRIMARY KEY(grp, address)) WITHOUT ROWID;
