create user u1 password 'kwdbpassword'; grant create on database defaultdb to u1
