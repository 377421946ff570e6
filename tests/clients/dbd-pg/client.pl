# The checks of DBD::Pg. It prepares on the server, and reads text.
use v5.30;
use utf8;
use warnings;
use DBI;
use DBD::Pg qw(:pg_types :async);
binmode STDOUT, ':utf8';
$| = 1;

sub check {
    my ($name, $body) = @_;
    eval { $body->(); 1 } and return say "ok - $name";
    say "not ok - $name: " . ($@ =~ s/\s+/ /gr);
}

sub same {
    my ($got, $wanted) = map { ref $_ eq 'ARRAY' ? join('|', map { $_ // 'NULL' } @$_) : $_ // 'NULL' } @_;
    die "wanted $wanted, got $got\n" unless $got eq $wanted;
}

sub open_link { DBI->connect('dbi:Pg:', undef, undef, {RaiseError => 1, PrintError => 0, AutoCommit => 1, @_}) }

my $link = open_link();
sub one { my ($sql, @args) = @_; my ($value) = $link->selectrow_array($sql, undef, @args); $value }

# names lists one column of a result.
sub names { my ($sth, $column) = @_; my @all; while (my $row = $sth->fetchrow_hashref) { push @all, $row->{$column} } \@all }

check connect => sub {
    same one('SELECT current_user'), 'dana';
    same $link->{pg_user}, 'dana';
    same $link->ping, 1;
    same $link->{pg_standard_conforming_strings}, 'on';
};

check introspect => sub {
    my @tables = sort grep { /^(app|billing)\./ } map { s/"//gr } $link->tables(undef, undef, undef, 'TABLE');
    same join(' ', @tables), $ENV{WANT_TABLES};
    same names($link->table_info(undef, 'app', 'audit_log', undef), 'TABLE_NAME'), [];
    same names($link->column_info(undef, 'app', 'member', '%'), 'COLUMN_NAME'), [qw(id org_id username full_name joined_on active)];
    my $n = $link->column_info(undef, 'app', 'specimen', 'a_numeric')->fetchrow_hashref;
    same [@$n{qw(TYPE_NAME COLUMN_SIZE DECIMAL_DIGITS NULLABLE REMARKS pg_type)}], ['numeric', '6,20', undef, 1, 'An exact number', 'numeric(20,6)'];
    same [$link->primary_key(undef, 'app', 'membership')], [qw(project_id member_id)];
    my $fk = $link->foreign_key_info(undef, 'app', 'project', undef, 'app', 'task')->fetchrow_hashref;
    same [@$fk{qw(UK_TABLE_NAME UK_COLUMN_NAME FK_TABLE_NAME FK_COLUMN_NAME)}], [qw(project id task project_id)];
    my %columns = map { ($_ // '') => 1 } @{names($link->statistics_info(undef, 'app', 'reading', undef, undef), 'COLUMN_NAME')};
    same join(' ', sort grep { $_ } keys %columns), 'id org_id sensor';
    my $none = $link->prepare('SELECT id, title FROM task LIMIT 0');
    $none->execute;
    same $none->{NAME}, [qw(id title)];
    die 'no types' unless scalar $link->type_info_all;
};

sub specimen {
    my @row = $link->selectrow_array('SELECT * FROM specimen WHERE id = ?', undef, 1);
    same [@row[0 .. 11]], [1, 'acme', -32768, 2147483647, '-9223372036854775808', '12345678901234.567890', 1.5, '2.5e-10', "Grüße, 'world'", 'varchar', 'char  ', 1];
    same [@row[13 .. 20]], ['2026-02-28', '13:14:15.678901', '2026-02-28 13:14:15.678901', $row[16], '1 year 2 mons 3 days 04:05:06', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
        '{"a": [1, 2]}', '{"b": {"c": null}}'];
    same unpack('H*', $row[12]), '00ff10';
    same $row[21], [1, 2, undef, -4];
    same $row[22], ['one', 'two, three', undef, ''];
    same [@row[23 .. 25]], ['on_hold', '192.168.1.7/24', '[3,9)'];
    my @null = $link->selectrow_array('SELECT * FROM specimen WHERE id = 2');
    same scalar(grep { defined } @null), 2;
}
check text => \&specimen;
say 'ok - binary # SKIP DBD::Pg reads text alone';

check write => sub {
    my $sth = $link->prepare('INSERT INTO specimen (id, org_id, an_int, a_bytea, a_text_array) VALUES (?, ?, ?, ?, ?) RETURNING an_int');
    $sth->bind_param(4, undef, {pg_type => PG_BYTEA});
    $sth->execute(1001, 'acme', 5, "\0\1\377", ['a', 'b']);
    same [$sth->fetchrow_array], [5];
    same one('SELECT a_bytea FROM specimen WHERE id = 1001'), "\0\1\377";
    same $link->do('UPDATE specimen SET an_int = ? WHERE id >= ?', undef, 6, 1001), 1;
    my $many = $link->prepare('INSERT INTO specimen (id, org_id) VALUES (?, ?)');
    same $many->execute_array({}, [1100 .. 1149], 'acme'), 50;
    same $link->do('DELETE FROM specimen WHERE id >= 1001'), 51;
};

check transaction => sub {
    my $other = open_link(AutoCommit => 0);
    $other->do("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
    $other->rollback;
    same one('SELECT count(*) FROM specimen WHERE id = 1002'), 0;
    $other->do("INSERT INTO specimen (id, org_id) VALUES (1002, 'acme')");
    $other->commit;
    same $link->do('DELETE FROM specimen WHERE id = 1002'), 1;
    $other->disconnect;
};

check savepoint => sub {
    my $other = open_link(AutoCommit => 0);
    $other->do("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')");
    $other->pg_savepoint('s');
    eval { $other->do("INSERT INTO specimen (id, org_id) VALUES (1003, 'acme')") } and die 'a key stands twice';
    same $other->state, '23505';
    $other->pg_rollback_to('s');
    same [$other->selectrow_array('SELECT count(*) FROM specimen WHERE id = 1003')], [1];
    $other->pg_release('s');
    $other->rollback;
    $other->disconnect;
};

check error => sub {
    for (['SELECT nonesuch FROM task', '42703'], ['SELECT 1 / (id - id) FROM task', '22012'], ['SELECT * FROM audit_log', '42P01'],
        ["INSERT INTO project (org_id, name, owner_id) VALUES ('globex', 'x', 'dana')", '42501']) {
        my ($sql, $state) = @$_;
        eval { $link->do($sql) } and die "$sql succeeds";
        same $link->state, $state;
        same $link->pg_error_field('statement_position'), 8 if $state eq '42703';
    }
};

check stream => sub {
    my $other = open_link(AutoCommit => 0);
    $other->do('DECLARE c CURSOR FOR SELECT * FROM reading');
    my ($n, $sum) = (0, 0);
    while (1) {
        my $rows = $other->selectall_arrayref('FETCH 5000 FROM c') or last;
        last unless @$rows;
        $n += @$rows;
        $sum += $_->[0] for @$rows;
    }
    $other->do('CLOSE c');
    $other->rollback;
    $other->disconnect;
    same $n, $ENV{WANT_READINGS};
    same one('SELECT sum(id) FROM reading'), $sum;
};

check cancel => sub {
    my $sth = $link->prepare($ENV{SLOW_QUERY}, {pg_async => PG_ASYNC});
    $sth->execute;
    select undef, undef, undef, 0.5;
    same $link->pg_ready, 0;
    same $link->pg_cancel, 1;
    same $link->state, '57014';
    same one('SELECT 1'), 1;
};

check tenant => sub {
    same one("SELECT count(*) FROM $_"), $ENV{'WANT_' . uc . 'S'} for qw(task project member comment invoice reading);
    same one('SELECT count(*) FROM specimen WHERE id = ?', 3), 0;
};

check prepared => sub {
    my $sth = $link->prepare('SELECT count(*) FROM task WHERE id > $1 AND title LIKE $2', {pg_prepare_now => 1});
    for my $n (1 .. 5) { $sth->execute($n, '%'); $sth->fetchall_arrayref }
    same $sth->{pg_numbound}, 2;
    my $simple = $link->prepare('SELECT count(*) FROM task WHERE id > ?', {pg_server_prepare => 0});
    $simple->execute(0);
    same [$simple->fetchrow_array], [$ENV{WANT_TASKS}];
};

check copy => sub {
    $link->do('COPY (SELECT id FROM reading) TO STDOUT');
    my ($n, $line) = (0, '');
    $n++ while $link->pg_getcopydata($line) >= 0;
    same $n, $ENV{WANT_READINGS};
    return if $ENV{NATIVE};    # where PostgreSQL refuses it
    $link->do('COPY specimen (id, org_id) FROM STDIN');
    $link->pg_putcopydata("1004\tacme\n") for 1;
    $link->pg_putcopydata("1005\tacme\n");
    same $link->pg_putcopyend, 1;
    same $link->do('DELETE FROM specimen WHERE id >= 1004'), 2;
};
